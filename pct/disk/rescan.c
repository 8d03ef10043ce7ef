// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/stat.h>

#include "base/say.h"
#include "pct/cli/size.h"
#include "pct/conf/keys.h"
#include "pct/disk/disk.h"
#include "pct/disk/rescan.h"
#include "pct/paths.h"
#include "pct/storage/names.h"

void found_free(struct found_volumes *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->all[i].name);
	free(f->all);
	*f = (struct found_volumes){ 0 };
}

/* ---- on the storages ---- */

struct looking {
	struct found_volumes *to;
	const struct storage *at;
};

static int take(const struct volume_info *v, void *data)
{
	struct looking *l = data;
	struct found_volume *grown = reallocarray(l->to->all, l->to->n + 1, sizeof(*grown));
	char *name = grown ? strdup(v->name) : NULL;

	if (grown)
		l->to->all = grown;
	if (!name)
		return fail(-ENOMEM, "storage '%s': list its volumes", l->at->id);
	grown[l->to->n++] =
	    (struct found_volume){ l->at, name, v->owner, v->format, v->bytes, false };
	return 0;
}

/* Where its volumes really are: two that have the same have the same volumes. malloc'ed. */
static char *place_of(const struct storage *s)
{
	static const char *const options[] = { "vgname", "thinpool", "pool" };
	const char *path = storage_option(s, "path");
	char *text = NULL;
	struct stat st;
	size_t size;
	FILE *f;

	if (path && stat(path, &st) == 0)
		return text_of("%llx:%llx", (unsigned long long)st.st_dev,
			       (unsigned long long)st.st_ino);
	f = open_memstream(&text, &size);
	for (size_t i = 0; f && i < ARRAY_LEN(options); i++) {
		const char *value = storage_option(s, options[i]);

		fprintf(f, "%s/", value ? value : "");
	}
	if (f)
		fclose(f);
	return text;
}

static bool is_again(const struct storages *all, size_t at)
{
	auto_free char *place = place_of(&all->all[at]);

	for (size_t i = 0; i < at; i++) {
		auto_free char *other = all->all[i].driver ? place_of(&all->all[i]) : NULL;

		if (place && other && strcmp(place, other) == 0)
			return true;
	}
	return false;
}

int found_read(struct found_volumes *out)
{
	auto_found found = { 0 };
	const struct storages *all;
	int r = storages_get(&all), failed = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < all->n; i++) {
		const struct storage *s = &all->all[i];
		struct looking l = { &found, s };

		if (!s->id || !s->driver || storage_flag(s, "disable") || is_again(all, i))
			continue;
		r = s->driver->check(s);
		if (r == 0)
			r = s->driver->list(s, 0, take, &l);
		if (r == -ENOMEM)
			return r;
		failed = r < 0 ? r : failed;
	}
	*out = found;
	found = (struct found_volumes){ 0 };
	return failed;
}

/* ---- in confs ---- */

/* A storage under another name, or a volume with its base before it, is the same. */
static bool is_same(const struct found_volume *f, const struct volume *v)
{
	auto_free char *here = place_of(f->storage), *there = place_of(v->storage);
	struct volume_name a, b;

	return here && there && strcmp(here, there) == 0 && volume_name_read(f->name, &a) == 0 &&
	       volume_name_read(v->name, &b) == 0 && strcmp(a.own, b.own) == 0;
}

/* Quietly: confs name what is on storages that are gone, too. */
static bool names(const char *value, struct volume *out)
{
	const char *colon = strchr(value, ':');
	auto_free char *id = NULL;
	const struct storages *all;

	if (!volume_is_one(value))
		return false;
	if (strncmp(value, "volume=", 7) == 0)
		return names(value + 7, out);
	id = text_of("%.*s", (int)(colon - value), value);
	if (storages_get(&all) < 0 || !storages_find(all, id) || !storages_find(all, id)->driver)
		return false;
	*out = (struct volume){ storages_find(all, id), strndup(colon + 1, strcspn(colon + 1, ",")),
				0 };
	return out->name != NULL;
}

static bool is_volume_key(const char *key)
{
	const struct key *k = key ? key_find(key) : NULL;
	const char *name = k ? k->option.name : "";

	return strcmp(name, "rootfs") == 0 || strcmp(name, "mp") == 0 ||
	       strcmp(name, "unused") == 0;
}

void found_mark(struct found_volumes *f, const struct config *c)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->sections[i].n; k++) {
			const struct entry *e = &c->sections[i].entries[k];
			auto_volume v = VOLUME_NONE;

			if (!is_volume_key(e->key) || !names(e->value, &v))
				continue;
			for (size_t n = 0; n < f->n; n++)
				f->all[n].named |= is_same(&f->all[n], &v);
		}
}

static const struct found_volume *find(const struct found_volumes *f, const struct volume *v)
{
	for (size_t i = 0; i < f->n; i++)
		if (is_same(&f->all[i], v))
			return &f->all[i];
	return NULL;
}

/* 1: another size than the conf has. */
static int correct_size(const struct found_volumes *f, unsigned vmid, struct config *c,
			struct disk *d)
{
	const struct found_volume *is = d->on_storage ? find(f, &d->volume) : NULL;
	const char *size = properties_get(&d->is, "size");
	uint64_t was = 0;
	bool more;
	int r;

	if (!is || (is->bytes == 0 && is->format == VOLUME_DIRECTORY))
		return 0;
	if (size && size_wanted(size, &more, &was) == 0 && was == is->bytes)
		return 0;
	r = disk_set_size(d, is->bytes) < 0 ? -ENOMEM : disk_write(vmid, c, d);
	if (r < 0)
		return r;
	printf("CT %u: %s has a size of %s in its config now\n", vmid, d->key,
	       properties_get(&d->is, "size"));
	return 1;
}

static int add_unused(unsigned vmid, struct config *c, const struct found_volume *v)
{
	auto_free char *id = text_of("%s:%s", v->storage->id, v->name);
	char key[OPTION_NAME];
	struct volume_info is;
	int r;

	/* Removed since, or somebody else's by now. */
	if (v->storage->driver->look(v->storage, v->name, &is) < 0)
		return 0;
	if (!disk_free_unused(c, key))
		return refuse(-ENOSPC, "CT %u: no number is free for another unused volume, '%s'",
			      vmid, id);
	r = config_set(c, key, id);
	if (r < 0)
		return fail(r, "CT %u: name volume '%s'", vmid, id);
	printf("CT %u: volume '%s' is its %s now\n", vmid, id, key);
	return 1;
}

int found_apply(struct found_volumes *f, unsigned vmid, struct config *c)
{
	auto_disks disks = DISKS_NONE;
	int n = 0, r = 0;

	(void)disks_read(vmid, c, &disks);
	for (size_t i = 0; i < disks.n && r >= 0; i++) {
		r = correct_size(f, vmid, c, &disks.all[i]);
		n += r > 0;
	}
	for (size_t i = 0; i < f->n && r >= 0; i++) {
		if (f->all[i].named || f->all[i].owner != vmid)
			continue;
		r = add_unused(vmid, c, &f->all[i]);
		n += r > 0;
	}
	return r < 0 ? r : n;
}
