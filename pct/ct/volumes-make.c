// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The volumes that a conf asks for: made, and named in it.
 */
#include <fcntl.h>

#include "base/say.h"
#include "pct/cli/size.h"
#include "pct/conf/properties.h"
#include "pct/conf/store.h"
#include "pct/ct/place.h"
#include "pct/ct/volumes.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/base.h"

/* 0, or -EOPNOTSUPP, not said: its file system cannot be mounted with the container's ids. */
static int probe(const struct idmap *ids, const struct volume *v)
{
	auto_fd users = -EBADF, tree = -EBADF;
	struct volume_how how = VOLUME_PLAIN;
	int r = ct_users(ids, &users);

	how.users = users;
	how.probe = true;
	return r < 0 ? r : volume_mount(v, NULL, &how, &tree);
}

static int ids_of(unsigned vmid, const struct config *c, struct idmap **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out || idmap_read(c, *out) < 0)
		return fail(*out ? -EINVAL : -ENOMEM, "read the ids of CT %u", vmid);
	return 0;
}

/*
 * Its root has to own it. Where the file system cannot be mounted with the container's ids, the
 * files have those on the disk already.
 */
static int fit_owner(unsigned vmid, const struct config *c, const struct volume *v)
{
	struct volume_how how = VOLUME_PLAIN;
	auto_free struct idmap *ids = NULL;
	auto_fd tree = -EBADF;
	int r = ids_of(vmid, c, &ids);

	if (r < 0 || ids->n == 0)
		return r;
	r = probe(ids, v);
	if (r != -EOPNOTSUPP)
		return r;
	r = volume_mount(v, NULL, &how, &tree);
	if (r < 0)
		return r;
	if (step("volume: give it its owner") < 0 ||
	    fchownat(tree, "", idmap_outside(ids, 'u', 0), idmap_outside(ids, 'g', 0),
		     AT_EMPTY_PATH) < 0)
		return fail(-errno, "CT %u: give it its volume '%s:%s'", vmid, v->storage->id,
			    v->name);
	return 0;
}

static int make(unsigned vmid, const struct config *c, const char *storage, uint64_t bytes,
		struct volume *out)
{
	struct volume_spec spec = { .vmid = vmid, .bytes = bytes };
	const struct storage *s;
	int r = storage_get(storage, &s);

	if (r == 0 && !storage_has_content(s, "rootdir"))
		r = refuse(-EINVAL,
			   "storage '%s' is not for containers: its 'content' has no 'rootdir'",
			   s->id);
	if (r == 0)
		r = volume_alloc(s, &spec, out);
	if (r < 0)
		return r;
	r = fit_owner(vmid, c, out);
	if (r < 0)
		(void)volume_free(out);
	return r;
}

static int check(unsigned vmid, const char *key, const char *value, struct volume_info *info)
{
	auto_volume v = VOLUME_NONE;
	int r = volume_find(vmid, key, value, &v);

	if (r < 0)
		return r;
	if (v.owner != vmid)
		return refuse(-EPERM, "CT %u: %s: '%s' belongs to CT %u", vmid, key, value,
			      v.owner);
	r = volume_info(&v, info);
	if (r < 0)
		return r == -ENOENT
			   ? refuse(r, "CT %u: %s: there is no volume '%s'", vmid, key, value)
			   : fail(r, "CT %u: %s: find '%s'", vmid, key, value);
	return 0;
}

/* "8" alone: of the storage that is taken when none is said. */
static char *whole(const char *volume, const char *storage)
{
	int64_t n;

	return option_number(volume, &n) ? text_of("%s:%s", storage, volume)
					 : text_of("%s", volume);
}

static int set_size(struct properties *p, uint64_t bytes)
{
	char text[SIZE_TEXT];

	if (bytes == 0)
		return 0;
	size_exact(bytes, text);
	return properties_set(p, "size", text);
}

static int make_named(unsigned vmid, const struct config *c, const char *storage, uint64_t bytes,
		      struct properties *p)
{
	auto_volume v = VOLUME_NONE;
	auto_free char *id = NULL;
	int r = make(vmid, c, storage, bytes, &v);

	if (r < 0)
		return r;
	id = volume_id(&v);
	r = properties_set(p, "volume", id);
	if (r == 0)
		r = set_size(p, bytes);
	if (r < 0)
		(void)volume_free(&v);
	return r;
}

int ct_volume_make(unsigned vmid, const struct config *c, const char *key, const char *value,
		   const char *fallback, char **out)
{
	const struct key *k = key_find(key);
	auto_free char *volume = NULL, *storage = NULL;
	auto_properties p = { 0 };
	struct volume_info info;
	uint64_t bytes;
	int r = properties_read(&k->option, value, &p);

	if (r < 0 || !properties_get(&p, "volume"))
		return fail(r < 0 ? r : -EINVAL, "CT %u: %s: read '%s'", vmid, key, value);
	volume = whole(properties_get(&p, "volume"), fallback ? fallback : "local");
	if (volume_is_new(volume, &storage, &bytes)) {
		r = make_named(vmid, c, storage, bytes, &p);
	} else if (*volume != '/') {
		r = check(vmid, key, volume, &info);
		if (r == 0)
			r = set_size(&p, info.bytes);
	}
	if (r < 0)
		return r;
	*out = properties_write(&p);
	return *out ? 0 : fail(-ENOMEM, "CT %u: %s", vmid, key);
}

/* ---- a root that others have, too ---- */

static bool has_mounts(const struct config *c)
{
	for (size_t i = 0; i < c->sections[0].n; i++) {
		const char *key = c->sections[0].entries[i].key;
		const struct key *k = key ? key_find(key) : NULL;

		if (k && strcmp(k->option.name, "mp") == 0)
			return true;
	}
	return false;
}

static int clone_fit(unsigned vmid, const struct config *c, const struct volume *base,
		     uint64_t bytes, struct volume *out)
{
	const struct storage *s = base->storage;
	auto_free struct idmap *ids = NULL;
	auto_volume v = { .storage = s, .owner = vmid };
	int r = ids_of(vmid, c, &ids);

	/* Before there is anything to be undone. */
	if (r == 0)
		r = probe(ids, base);
	if (r == 0)
		r = s->driver->clone(s, base->name, NULL, vmid, &v.name);
	if (r == 0 && bytes) {
		r = s->driver->resize(s, v.name, bytes);
		if (r < 0)
			(void)volume_free(&v);
	}
	if (r < 0)
		return r;
	*out = v;
	v.name = NULL;
	return 0;
}

static int name_rootfs(unsigned vmid, struct config *c, struct properties *p, uint64_t bytes,
		       const struct volume *v)
{
	auto_free char *id = volume_id(v), *value = NULL;
	int r = properties_set(p, "volume", id);

	if (r == 0)
		r = set_size(p, bytes);
	value = r == 0 ? properties_write(p) : NULL;
	if (!value || config_set(c, "rootfs", value) < 0) {
		(void)volume_free(v);
		return fail(-ENOMEM, "CT %u: name its rootfs", vmid);
	}
	return conf_save(vmid, c);
}

int ct_rootfs_clone(unsigned vmid, struct config *c, const char *fallback, const char *digest,
		    int (*make_base)(int root, void *data), void *data)
{
	auto_free char *storage = NULL, *volume = NULL;
	auto_volume base = VOLUME_NONE, v = VOLUME_NONE;
	auto_properties p = { 0 };
	const struct storage *s;
	uint64_t bytes;
	unsigned can;
	int r = properties_read(&key_find("rootfs")->option, config_get(c, "rootfs"), &p);

	if (r < 0 || !properties_get(&p, "volume") || has_mounts(c))
		return 0;
	volume = whole(properties_get(&p, "volume"), fallback ? fallback : "local");
	if (!volume_is_new(volume, &storage, &bytes))
		return 0;
	r = storage_get(storage, &s);
	if (r < 0)
		return r;
	can = storage_features(s, NULL);
	if (!(can & STORAGE_CLONES) || (bytes && !(can & STORAGE_QUOTA)))
		return 0;
	r = storage_base(s, digest, make_base, data, &base);
	if (r == 0)
		r = clone_fit(vmid, c, &base, bytes, &v);
	if (r < 0)
		return r == -EOPNOTSUPP ? 0 : r;
	r = name_rootfs(vmid, c, &p, bytes, &v);
	return r < 0 ? r : 1;
}

/* ---- all of a conf ---- */

/* Before it is made: what is at a path that another one has, too, would be hidden. */
static int check_place(unsigned vmid, const struct config *c, const char *key, const char *value)
{
	auto_properties mine = { 0 };
	auto_free char *bind = NULL;
	auto_placing p = { 0 };
	int r = strcmp(key, "rootfs") == 0 ? 1 : 0;

	if (r == 0 && properties_read(&key_find(key)->option, value, &mine) < 0)
		r = fail(-ENOMEM, "CT %u: %s", vmid, key);
	if (r == 0 && properties_get(&mine, "mp")) {
		/* It is not made yet: only where it is to be is looked at. */
		bind = text_of("/x,mp=%s", properties_get(&mine, "mp"));
		r = placing_read(key, bind, &p);
	}

	for (size_t i = 0; r == 0 && i < c->sections->n; i++) {
		const struct entry *e = &c->sections->entries[i];
		const struct key *k = e->key ? key_find(e->key) : NULL;
		auto_properties other = { 0 };
		const char *at;

		if (!k || strcmp(k->option.name, "mp") != 0 || strcmp(e->key, key) == 0 ||
		    properties_read(&k->option, e->value, &other) < 0)
			continue;
		at = properties_get(&other, "mp");
		if (at && p.path && paths_same(at, p.path))
			r = refuse(-EEXIST,
				   "CT %u: %s and %s are both to be at '%s' in the container", vmid,
				   key, e->key, at);
	}
	return r < 0 ? r : 0;
}

static int make_key(unsigned vmid, struct config *c, const char *key, const char *fallback)
{
	const char *value = config_get(c, key);
	auto_free char *named = NULL;
	int r;

	if (!value)
		return 0;
	r = check_place(vmid, c, key, value);
	if (r == 0)
		r = ct_volume_make(vmid, c, key, value, fallback, &named);
	if (r < 0)
		return r;
	if (strcmp(named, value) == 0)
		return 0;
	if (config_set(c, key, named) < 0)
		return fail(-ENOMEM, "CT %u: %s", vmid, key);
	return conf_save(vmid, c);
}

int ct_volumes_make(unsigned vmid, struct config *c, const char *fallback)
{
	int r = make_key(vmid, c, "rootfs", fallback);

	for (unsigned i = 0; r == 0 && i < key_find("mp0")->option.count; i++) {
		char key[OPTION_NAME];

		snprintf(key, sizeof(key), "mp%u", i);
		r = make_key(vmid, c, key, fallback);
	}
	return r;
}
