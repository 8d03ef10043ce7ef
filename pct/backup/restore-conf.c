// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/restore-conf.h"
#include "base/say.h"
#include "pct/backup/conf.h"
#include "pct/cli/property.h"
#include "pct/cli/size.h"
#include "pct/conf/keys.h"
#include "pct/paths.h"
#include "pct/snap/volumes.h"
#include "pct/storage/storage.h"

char *restore_volume(const char *storage, uint64_t bytes)
{
	uint64_t mib = (bytes + (1 << 20) - 1) >> 20;
	/* Six decimals, and never less than there was. */
	uint64_t millionths = (mib * 1000000 + 1023) / 1024;

	return text_of("%s:%llu.%06llu", storage, (unsigned long long)(millionths / 1000000),
		       (unsigned long long)(millionths % 1000000));
}

static bool given_volumes(const struct args *a, bool *rootfs)
{
	bool any = false;

	*rootfs = false;
	for (size_t i = 0; i < a->n_given; i++) {
		const struct key *k = key_find(a->given[i].name);

		*rootfs |= k && strcmp(k->option.name, "rootfs") == 0;
		any |= k && strcmp(k->option.name, "mp") == 0;
	}
	return any;
}

/* On the storage that was asked for; where it has no directories each volume needs a size. */
static int rename_volume(struct config *c, const char *key, const char *storage)
{
	const struct key *k = key_find(key);
	auto_properties p = { 0 };
	auto_free char *volume = NULL, *value = NULL;
	uint64_t bytes = 0;
	const char *size;
	bool more;

	if (properties_read(&k->option, config_get(c, key), &p) < 0)
		return -ENOMEM;
	size = properties_get(&p, "volume");
	if (size && *size == '/')
		return 0;
	size = properties_get(&p, "size");
	if (size && (size_wanted(size, &more, &bytes) < 0 || more))
		bytes = 0;
	volume = restore_volume(storage, bytes);
	if (properties_set(&p, "volume", volume) < 0 || properties_set(&p, "size", NULL) < 0)
		return -ENOMEM;
	value = properties_write(&p);
	return value ? config_set(c, key, value) : -ENOMEM;
}

static int rename_volumes(struct config *c, const char *storage)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->sections->n; i++) {
		const char *key = c->sections->entries[i].key;

		if (key && is_volume_key(key))
			r = rename_volume(c, key, storage);
	}
	return r < 0 ? fail(r, "make the config") : 0;
}

static void drop_volumes(struct config *c)
{
	for (size_t i = 0; i < c->sections->n;) {
		const char *key = c->sections->entries[i].key;

		if (key && is_volume_key(key))
			config_unset(c, key);
		else
			i++;
	}
}

static int take_given(const struct args *a, struct config *c)
{
	for (size_t i = 0; i < a->n_given; i++) {
		const char *name = a->given[i].name;
		auto_free char *value = NULL;
		int r;

		if (!key_find(name))
			continue;
		value = key_complete(name, config_get(c, name), a->given[i].value);
		r = value ? config_set(c, name, value) : -ENOMEM;
		if (r < 0)
			return fail(r, "set '%s' to '%s'", name, a->given[i].value);
	}
	return 0;
}

/* MAC addresses of its own, so that it can run beside the one it was a backup of. */
static int make_unique(struct config *c)
{
	const struct option *o = &key_find("net0")->option;

	for (unsigned i = 0; i < o->count; i++) {
		auto_free char *key = text_of("net%u", i), *bare = NULL, *value = NULL;
		auto_properties p = { 0 };
		const char *now = config_get(c, key);

		if (!now)
			continue;
		if (properties_read(o, now, &p) < 0 || properties_set(&p, "hwaddr", NULL) < 0)
			return fail(-ENOMEM, "make the config");
		bare = properties_write(&p);
		value = bare ? key_complete(key, NULL, bare) : NULL;
		if (!value || config_set(c, key, value) < 0)
			return fail(-ENOMEM, "make the config");
	}
	return 0;
}

static void tell_dropped(const struct args *a, const struct dropped *d)
{
	if (d->unknown)
		warn(0, "CT %u: left out of the backup's config, as pct does not know it so: %s",
		     a->vmid, d->unknown);
	if (d->host)
		warn(
		    0,
		    "CT %u: left out of the backup's config, as it reaches the host: %s; --trusted "
		    "has it restored, too",
		    a->vmid, d->host);
}

/* ---- what is kept, and is more than what happens in a container ---- */

/* "nesting, mknod": of @value's properties those that are on. */
static void features_on(const char *value, char *out, size_t size)
{
	const struct option *o = &key_find("features")->option;
	auto_properties p = { 0 };
	size_t n = 0;

	*out = '\0';
	if (properties_read(o, value, &p) < 0)
		return;
	for (const struct option *row = o->properties; row->name && n < size; row++) {
		const char *v = properties_get(&p, row->name);

		if (v && strcmp(v, "0") != 0)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", row->name);
	}
}

static bool has_idmap(const struct entry *e)
{
	auto_properties p = { 0 };

	return is_volume_key(e->key) &&
	       properties_read(&key_find(e->key)->option, e->value, &p) == 0 &&
	       properties_get(&p, "idmap");
}

/* A backup comes back as it was; but who has it from somebody else is to know what that is. */
static void tell_kept(const struct args *a, const struct config *c)
{
	const char *features = config_get(c, "features");
	auto_free char *text = NULL;
	char on[200] = "";
	size_t size, n = 0;
	FILE *f = open_memstream(&text, &size);

	if (features && !args_value(a, "features"))
		features_on(features, on, sizeof(on));
	if (f && *on)
		fprintf(f, "%sfeatures (%s)", n++ ? ", " : "", on);
	if (f && key_bool(c, "onboot") && !args_value(a, "onboot"))
		fprintf(f, "%sonboot", n++ ? ", " : "");
	for (size_t i = 0; f && i < c->sections->n; i++) {
		const struct entry *e = &c->sections->entries[i];

		if (e->key && has_idmap(e) && !args_value(a, e->key))
			fprintf(f, "%s%s (idmap)", n++ ? ", " : "", e->key);
	}
	if (f && fclose(f) == 0 && n)
		warn(0,
		     "CT %u has more of the host than others have, as its backup says: %s; if you "
		     "do not know whose backup it is, 'pct set %u' changes that before it starts",
		     a->vmid, text, a->vmid);
}

/* What create writes when not told otherwise; but a conf without `unprivileged` is privileged. */
static int complete(const struct args *a, struct config *c)
{
	auto_free char *hostname = text_of("CT%u", a->vmid);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_keys; i++)
		if (keys[i].created && strcmp(keys[i].option.name, "unprivileged") != 0 &&
		    strcmp(keys[i].option.name, "swap") != 0 && !config_get(c, keys[i].option.name))
			r = config_set(c, keys[i].option.name, keys[i].created);
	if (r == 0 && !config_get(c, "hostname"))
		r = config_set(c, "hostname", hostname);
	return r < 0 ? fail(r, "make the config") : 0;
}

static int choose_volumes(const struct args *a, struct config *c)
{
	const char *storage = args_value(a, "storage");
	bool rootfs, mps = given_volumes(a, &rootfs);

	if (mps && !rootfs)
		return refuse(-EINVAL,
			      "mp<n> is given without rootfs: give both (and the backup's own "
			      "volumes are not made), or none");
	if (rootfs) {
		drop_volumes(c);
		return 0;
	}
	if (!config_get(c, "rootfs"))
		return refuse(-EINVAL, "the backup does not say what rootfs it had: give --rootfs "
				       "<storage>:<GiB>");
	return rename_volumes(c, storage ? storage : "local");
}

int restore_conf(const struct args *a, const struct extract *x, struct config *out)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_dropped dropped = { 0 };
	bool was, is;
	int r = backup_conf_read(x->conf, x->conf_n, args_bool(a, "trusted"), &c, &dropped);

	if (r < 0)
		return fail(r, "read the config in '%s'", x->name);
	tell_dropped(a, &dropped);
	was = key_bool(&c, "unprivileged");
	/* It is to be made one of again. */
	config_unset(&c, "template");
	r = choose_volumes(a, &c);
	if (r == 0 && args_bool(a, "unique"))
		r = make_unique(&c);
	if (r == 0)
		r = take_given(a, &c);
	if (r == 0)
		r = complete(a, &c);
	if (r < 0)
		return r;
	is = key_bool(&c, "unprivileged");
	if (was != is)
		info("CT %u: its backup is of %s container; it is %s now", a->vmid,
		     was ? "an unprivileged" : "a privileged", is ? "unprivileged" : "privileged");
	else if (!is && !args_value(a, "unprivileged"))
		warn(0,
		     "CT %u is privileged, as its backup is: its root is the host's; "
		     "--unprivileged 1 makes it another one",
		     a->vmid);
	tell_kept(a, &c);
	*out = c;
	c = (struct config){ 0 };
	return 0;
}

/* ---- what was in it ---- */

int restore_archived(const struct extract *x, struct config *out)
{
	auto_dropped dropped = { 0 };
	int r = backup_conf_read(x->conf, x->conf_n, true, out, &dropped);

	return r < 0 ? fail(r, "read the config in '%s'", x->name) : 0;
}

static bool same_path(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	while (n > 1 && a[n - 1] == '/')
		n--;
	while (m > 1 && b[m - 1] == '/')
		m--;
	return n == m && strncmp(a, b, n) == 0;
}

bool restore_holds(const struct config *archived, const char *path)
{
	const struct section *s = archived->sections;

	if (same_path(path, "/"))
		return true;
	for (size_t i = 0; i < s->n; i++) {
		const struct key *k = s->entries[i].key ? key_find(s->entries[i].key) : NULL;
		auto_properties p = { 0 };
		const char *at, *volume;

		if (!k || strcmp(k->option.name, "mp") != 0 ||
		    properties_read(&k->option, s->entries[i].value, &p) < 0)
			continue;
		at = properties_get(&p, "mp");
		volume = properties_get(&p, "volume");
		if (at && volume && *volume != '/' && properties_bool(&p, "backup") &&
		    same_path(at, path))
			return true;
	}
	return false;
}
