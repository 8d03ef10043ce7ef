// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/snap/volumes.h"

#include "base/say.h"
#include "pct/cli/property.h"
#include "pct/conf/keys.h"

void named_volumes_free(struct named_volumes *n)
{
	for (size_t i = 0; i < n->n; i++) {
		free(n->all[i].key);
		free(n->all[i].path);
		volume_done(&n->all[i].v);
	}
	free(n->all);
	*n = (struct named_volumes)NAMED_VOLUMES_NONE;
}

bool is_volume_key(const char *key)
{
	const struct key *k = key ? key_find(key) : NULL;

	return k && (strcmp(k->option.name, "rootfs") == 0 || strcmp(k->option.name, "mp") == 0);
}

/* Where it is mounted; malloc'ed. */
static char *place_of(const struct entry *e)
{
	auto_properties p = { 0 };
	const char *path = NULL;

	if (strcmp(e->key, "rootfs") == 0)
		return strdup("/");
	if (properties_read(&key_find(e->key)->option, e->value, &p) == 0)
		path = properties_get(&p, "mp");
	return strdup(path ? path : "/");
}

static int add(unsigned vmid, const struct entry *e, struct named_volumes *to)
{
	struct named_volume *grown = reallocarray(to->all, to->n + 1, sizeof(*grown));
	struct named_volume one = { .key = strdup(e->key), .path = place_of(e) };
	int r = grown && one.key && one.path ? volume_find(vmid, e->key, e->value, &one.v)
					     : fail(-ENOMEM, "read the volumes of CT %u", vmid);

	if (grown)
		to->all = grown;
	if (r < 0) {
		free(one.key);
		free(one.path);
		return r;
	}
	grown[to->n++] = one;
	return 0;
}

static int add_some(unsigned vmid, const struct section *s, bool rootfs, const char *left_out,
		    struct named_volumes *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		const struct entry *e = &s->entries[i];

		if (!is_volume_key(e->key) || (strcmp(e->key, "rootfs") == 0) != rootfs)
			continue;
		if (volume_is_one(e->value))
			r = add(vmid, e, to);
		else if (left_out)
			info("CT %u: %s, '%.*s', is no volume: it is not in the %s", vmid, e->key,
			     (int)strcspn(e->value, ","), e->value, left_out);
	}
	return r;
}

int named_volumes(unsigned vmid, const struct section *s, const char *left_out,
		  struct named_volumes *out)
{
	auto_named_volumes found = NAMED_VOLUMES_NONE;
	int r = add_some(vmid, s, true, left_out, &found);

	if (r == 0)
		r = add_some(vmid, s, false, left_out, &found);
	if (r < 0)
		return r;
	*out = found;
	found = (struct named_volumes)NAMED_VOLUMES_NONE;
	return 0;
}

/* "btrfs, zfs": those that can at all. */
static void types_that_can(unsigned feature, char *out, size_t size)
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; i < n_drivers && n < size; i++)
		if (feature == STORAGE_CLONES ? !!drivers[i]->clone : !!drivers[i]->snapshot)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "",
					      drivers[i]->type);
}

int named_volumes_can(unsigned vmid, const struct named_volumes *n, unsigned feature,
		      const char *what)
{
	char types[100];

	for (size_t i = 0; i < n->n; i++) {
		const struct volume *v = &n->all[i].v;

		if (volume_features(v) & feature)
			continue;
		types_that_can(feature, types, sizeof(types));
		return refuse(-EOPNOTSUPP,
			      "CT %u: its %s is on storage '%s' of type '%s', which has no %s; "
			      "storages of type %s have",
			      vmid, n->all[i].key, v->storage->id, v->storage->type, what, types);
	}
	return 0;
}

int named_volumes_have(unsigned vmid, const struct named_volumes *n, const char *snapshot)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct volume *v = &n->all[i].v;
		int r = v->storage->driver->has_snapshot(v->storage, v->name, snapshot);

		if (r == -ENOENT)
			return refuse(r,
				      "CT %u: of snapshot '%s' that of its %s, '%s:%s', is gone: "
				      "'pct delsnapshot %u %s --force' removes the rest",
				      vmid, snapshot, n->all[i].key, v->storage->id, v->name, vmid,
				      snapshot);
		if (r < 0)
			return fail(r, "find snapshot '%s' of '%s:%s'", snapshot, v->storage->id,
				    v->name);
	}
	return 0;
}
