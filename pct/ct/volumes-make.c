// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The volumes that a conf names: made, let go, removed.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/cli/size.h"
#include "pct/conf/pending.h"
#include "pct/conf/properties.h"
#include "pct/conf/store.h"
#include "pct/ct/place.h"
#include "pct/ct/volumes.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/base.h"

bool ct_volume_key(const char *key)
{
	const struct key *k = key ? key_find(key) : NULL;

	return k && (strcmp(k->option.name, "rootfs") == 0 || strcmp(k->option.name, "mp") == 0 ||
		     strcmp(k->option.name, "unused") == 0);
}

/* "local:100/x", of a value: malloc'ed; NULL: it has none. */
static char *id_in(const char *key, const char *value)
{
	const struct key *k = key_find(key);
	auto_properties p = { 0 };
	const char *id;

	if (!k->option.properties)
		return text_of("%.*s", (int)strcspn(value, ","), value);
	if (properties_read(&k->option, value, &p) < 0)
		return NULL;
	id = properties_get(&p, "volume");
	return id ? text_of("%s", id) : NULL;
}

bool ct_volume_named(const struct config *c, const struct volume *v, const char *but)
{
	auto_free char *id = volume_id(v);

	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < c->sections[i].n; j++) {
			const struct entry *e = &c->sections[i].entries[j];
			auto_free char *its = NULL;

			if (!ct_volume_key(e->key) || (i == 0 && but && strcmp(e->key, but) == 0))
				continue;
			its = id_in(e->key, e->value);
			if (its && strcmp(its, id) == 0)
				return true;
		}
	return false;
}

int ct_volume_unused(unsigned vmid, struct config *c, const struct volume *v)
{
	auto_free char *id = volume_id(v);

	if (v->owner != vmid || ct_volume_named(c, v, NULL))
		return 0;
	for (unsigned i = 0; i < key_find("unused0")->option.count; i++) {
		char key[OPTION_NAME];

		snprintf(key, sizeof(key), "unused%u", i);
		if (!config_get(c, key))
			return config_set(c, key, id) < 0
				   ? fail(-ENOMEM, "CT %u: keep '%s' as %s", vmid, id, key)
				   : 0;
	}
	return refuse(-ENOSPC,
		      "CT %u has no unused<n> left for '%s': free one with 'pct set %u "
		      "--delete unused0'",
		      vmid, id, vmid);
}

static int free_unused(unsigned vmid, const struct config *c, const char *key, const char *id)
{
	auto_volume v = VOLUME_NONE;

	if (volume_peek(id, &v) < 0) {
		warn(0, "CT %u: %s, '%s', is on no storage pct knows: it is kept, and forgotten",
		     vmid, key, id);
		return 0;
	}
	if (v.owner != vmid) {
		warn(0, "CT %u: %s belongs to CT %u: it is kept, and forgotten", vmid, key,
		     v.owner);
		return 0;
	}
	if (ct_volume_named(c, &v, key))
		return 0;
	volume_done(&v);
	return volume_find(vmid, key, id, &v) < 0 ? -EIO : volume_free(&v);
}

/* It has a place again. */
static void forget_unused(struct config *c, const char *id)
{
	for (unsigned i = 0; i < key_find("unused0")->option.count; i++) {
		char key[OPTION_NAME];
		const char *value;

		snprintf(key, sizeof(key), "unused%u", i);
		value = config_get(c, key);
		if (value && strcmp(value, id) == 0)
			config_unset(c, key);
	}
}

int ct_volume_take(unsigned vmid, struct config *c, const char *key)
{
	const char *now = config_get(c, key), *asked;
	auto_free char *had = now ? id_in(key, now) : NULL, *has = NULL;
	auto_volume v = VOLUME_NONE;
	int r = 0;

	if (!pending_find(c, key, &asked))
		return 0;
	has = asked ? id_in(key, asked) : NULL;
	if (strncmp(key, "unused", 6) == 0 && had && !asked)
		r = free_unused(vmid, c, key, had);
	if (r == 0 && pending_take(c, key) < 0)
		r = fail(-ENOMEM, "set '%s'", key);
	if (r == 0 && has && strncmp(key, "unused", 6) != 0)
		forget_unused(c, has);
	if (r < 0 || strncmp(key, "unused", 6) == 0 || !had || volume_peek(had, &v) < 0)
		return r;
	return ct_volume_unused(vmid, c, &v);
}

void ct_volume_drop(const struct config *c, const char *id)
{
	auto_volume v = VOLUME_NONE;

	if (volume_peek(id, &v) == 0 && !ct_volume_named(c, &v, NULL))
		(void)volume_free(&v);
}

/* ---- made ---- */

/* 0, or -EOPNOTSUPP, not said: its file system cannot be mounted with the container's ids. */
static int probe(unsigned vmid, const struct idmap *ids, const struct volume *v)
{
	auto_fd users = -EBADF, tree = -EBADF;
	struct volume_how how = VOLUME_PLAIN;
	int r = ct_users(ids, &users);

	(void)vmid;
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
	r = probe(vmid, ids, v);
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

static int check(unsigned vmid, const struct config *c, const char *key, const char *value,
		 struct volume_info *info)
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
	(void)c;
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
		r = check(vmid, c, key, volume, &info);
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
		r = probe(vmid, ids, base);
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

bool ct_volume_asked(const char *key, const char *value)
{
	auto_free char *id = id_in(key, value);

	return id && volume_is_request(id);
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

/* ---- removed ---- */

/* Storages are few; each is looked through once. */
struct removal {
	unsigned vmid;
	const struct storage *s;
	bool found;
};

static int remove_one(const struct volume_info *v, void *data)
{
	struct removal *m = data;
	auto_free char *name = text_of("%s", v->name);

	if (v->owner != m->vmid)
		return 0;
	m->found = true;
	return m->s->driver->free(m->s, name);
}

/* One that was killed before there was a volume in it. */
static void drop_directory(unsigned vmid, const struct storage *s)
{
	const char *path = storage_option(s, "path");
	auto_free char *dir = path ? text_of("%s/images/%u", path, vmid) : NULL;

	if (dir && access(dir, F_OK) == 0 && step("destroy: remove images/<vmid>") == 0)
		(void)rmdir(dir);
}

/* Where it is not, what is said of it is why. */
static bool is_reachable(const struct storage *s)
{
	struct storage_usage u;

	return s->driver->check(s) == 0 && s->driver->usage(s, &u) == 0;
}

static int remove_on(unsigned vmid, const struct storage *s, unsigned how)
{
	struct removal m = { vmid, s, false };
	int r = 0;

	if (!s->driver || storage_flag(s, "disable"))
		return 0;
	if (how & VOLUMES_REACHABLE && !is_reachable(s))
		return 0;
	r = s->driver->check(s);
	if (r == 0)
		r = s->driver->list(s, vmid, remove_one, &m);
	if (r == 0)
		drop_directory(vmid, s);
	return r;
}

/* A conf may name anything: only what is its own goes. */
static int remove_named(unsigned vmid, const char *key, const char *value, unsigned how)
{
	auto_free char *id = id_in(key, value);
	auto_volume v = VOLUME_NONE;
	int r;

	if (!id || (*id == '/' && strcmp(key, "rootfs") != 0) || volume_is_request(id))
		return 0;
	if (volume_peek(id, &v) < 0) {
		warn(0, "the %s of CT %u, '%s', is on no storage pct knows: it is kept", key, vmid,
		     id);
		return 0;
	}
	if (v.owner != vmid) {
		warn(0, "the %s of CT %u belongs to CT %u: it is kept", key, vmid, v.owner);
		return 0;
	}
	if (how & VOLUMES_REACHABLE && !is_reachable(v.storage)) {
		warn(0, "the %s of CT %u, '%s', cannot be reached: what there is of it is kept",
		     key, vmid, id);
		return 0;
	}
	r = v.storage->driver->check(v.storage);
	if (r == 0)
		r = volume_free(&v);
	if (r < 0 && !is_reachable(v.storage))
		info("CT %u: its %s is not removed: 'pct destroy %u' again once it can be; "
		     "--force does without where its storage is gone",
		     vmid, key, vmid);
	return r;
}

bool ct_volumes_mention(const struct config *c, const char *storage)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t j = 0; j < c->sections[i].n; j++) {
			const struct entry *e = &c->sections[i].entries[j];
			auto_free char *id = ct_volume_key(e->key) ? id_in(e->key, e->value) : NULL;
			size_t n = strlen(storage);

			if (id && strncmp(id, storage, n) == 0 && id[n] == ':')
				return true;
		}
	return false;
}

/* images/<vmid> of local has things in it that are no volumes of its. */
static void warn_left(unsigned vmid)
{
	auto_free char *dir = path_to("var/lib/pct/images/%u", vmid);

	if (access(dir, F_OK) == 0 &&
	    (step("destroy: remove images/<vmid>") < 0 || (rmdir(dir) < 0 && errno != ENOENT)))
		warn(0,
		     "'%s' has more in it than pct put there: it is kept; move or remove it "
		     "before you create another CT %u",
		     dir, vmid);
}

int ct_volumes_remove(unsigned vmid, const struct config *c, unsigned how)
{
	const struct storages *storages;
	int r = storages_get(&storages);

	for (size_t i = 0; r == 0 && i < c->n; i++)
		for (size_t j = 0; r == 0 && j < c->sections[i].n; j++) {
			const struct entry *e = &c->sections[i].entries[j];

			if (ct_volume_key(e->key))
				r = remove_named(vmid, e->key, e->value, how);
		}
	for (size_t i = 0; r == 0 && i < storages->n; i++) {
		const struct storage *s = &storages->all[i];

		if (s->id && (how & VOLUMES_UNNAMED || strcmp(s->id, "local") == 0 ||
			      ct_volumes_mention(c, s->id)))
			r = remove_on(vmid, s, how);
	}
	if (r == 0)
		warn_left(vmid);
	return r;
}
