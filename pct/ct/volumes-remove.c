// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The volumes of a container that goes: those its conf names, and those it left.
 */
#include <sys/stat.h>

#include "base/say.h"
#include "pct/ct/volumes.h"
#include "pct/paths.h"
#include "pct/step.h"

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
	auto_free char *id = ct_volume_id(key, value);
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
