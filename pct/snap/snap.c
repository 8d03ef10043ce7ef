// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/snap/snap.h"
#include <fcntl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/ct/lxc.h"
#include "pct/snap/still.h"
#include "pct/snap/volumes.h"
#include "pct/step.h"
#include "pct/storage/loop.h"

#define SYNC_S	     30 /* before it stands still: as long as a disk may take */
#define SYNC_STILL_S 10 /* while it does: what came meanwhile */

static int cannot_note(unsigned vmid, int r)
{
	return fail(r, "note the snapshot in the config of CT %u", vmid);
}

static bool is_ours(const char *lock)
{
	return lock && (strcmp(lock, "snapshot") == 0 || strcmp(lock, "snapshot-delete") == 0 ||
			strcmp(lock, "rollback") == 0);
}

/* ---- taken ---- */

/* The device an image is mounted by; 0: none, or it is not mounted. */
static dev_t device_of(const struct volume *v)
{
	auto_free char *path = NULL;
	auto_fd image = -EBADF, loop = -EBADF;
	char name[LOOP_NAME];
	struct stat st;

	if (v->storage->driver->path(v->storage, v->name, NULL, &path) < 0)
		return 0;
	image = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (image < 0 || fstat(image, &st) < 0)
		return 0;
	if (S_ISREG(st.st_mode) && (loop_find(image, name, &loop) < 0 || fstat(loop, &st) < 0))
		return 0;
	return S_ISBLK(st.st_mode) ? st.st_rdev : 0;
}

/* Of those that are images, or of all. */
static struct still_place *places(const struct named_volumes *vs, bool images)
{
	struct still_place *all = calloc(vs->n + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; all && i < vs->n; i++) {
		struct volume_info info;
		bool dir =
		    volume_info(&vs->all[i].v, &info) == 0 && info.format == VOLUME_DIRECTORY;

		if (!images)
			all[n++].path = vs->all[i].path;
		else if (!dir)
			all[n++] =
			    (struct still_place){ vs->all[i].path, device_of(&vs->all[i].v) };
	}
	return all;
}

static int not_written(unsigned vmid, int r)
{
	if (r == -ETIMEDOUT)
		return refuse(
		    r,
		    "CT %u writes more than its disk takes: nothing is done; try again, or "
		    "'pct shutdown %u' first",
		    vmid, vmid);
	return r < 0 ? fail(r, "write the files of CT %u to the disk", vmid) : r;
}

/* What is in directories a snapshot has in any case; what is in images must be written to them. */
static int take_volumes(unsigned vmid, const struct named_volumes *vs, const char *name,
			struct snap_result *out)
{
	auto_free struct still_place *all = places(vs, false), *images = places(vs, true);
	auto_still still = STILL_NONE;
	int r = all && images ? 0 : fail(-ENOMEM, "snapshot CT %u", vmid);

	/* As much as can be before it stands still. */
	if (r == 0 && ct_running(vmid))
		(void)still_sync(vmid, all, SYNC_S);
	if (r == 0)
		r = still_begin(vmid, &still);
	if (r == 0 && ct_running(vmid))
		r = not_written(vmid, still_sync(vmid, images, SYNC_STILL_S));
	for (size_t i = 0; r == 0 && i < vs->n; i++) {
		const struct volume *v = &vs->all[i].v;

		r = step("snapshot: one of a volume");
		if (r == 0)
			r = v->storage->driver->snapshot(v->storage, v->name, name);
	}
	out->frozen_ms = still_end(&still);
	out->volumes = vs->n;
	return r;
}

/* Those of the volumes; where there is none, that is fine. */
static int remove_of_volumes(const struct named_volumes *vs, const char *name, bool force)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < vs->n; i++) {
		const struct volume *v = &vs->all[i].v;

		if (!v->storage->driver->snapshot_remove)
			continue;
		r = step("delsnapshot: that of a volume");
		if (r == 0)
			r = v->storage->driver->snapshot_remove(v->storage, v->name, name);
		if (force)
			r = 0;
	}
	return r;
}

static int remove_volumes(unsigned vmid, const struct config *c, const char *name, bool force)
{
	auto_named_volumes vs = NAMED_VOLUMES_NONE;
	int r = named_volumes(vmid, config_section(c, name), NULL, &vs);

	if (r < 0)
		return force ? 0 : r;
	return remove_of_volumes(&vs, name, force);
}

static int undo(unsigned vmid, struct config *c, const char *name)
{
	int r = remove_volumes(vmid, c, name, false);

	if (r == 0) {
		config_section_remove(c, name);
		r = snap_mark(c, name, NULL, NULL);
	}
	return r < 0 ? r : conf_save(vmid, c);
}

static int check_new(unsigned vmid, const struct config *c, const char *name)
{
	if (config_section(c, name))
		return refuse(-EEXIST, "CT %u has a snapshot '%s' already; take another name", vmid,
			      name);
	if (key_bool(c, "template"))
		return refuse(-EPERM, "CT %u is a template: it does not change", vmid);
	return 0;
}

int snap_take(unsigned vmid, struct config *c, const char *name, const char *description,
	      struct snap_result *out)
{
	auto_named_volumes vs = NAMED_VOLUMES_NONE;
	int r = check_new(vmid, c, name);

	if (r == 0)
		r = named_volumes(vmid, c->sections, "snapshot", &vs);
	if (r == 0)
		r = named_volumes_can(vmid, &vs, STORAGE_SNAPSHOTS, "snapshots");
	if (r < 0)
		return r;
	r = snap_begin(c, name, description, time(NULL));
	if (r < 0)
		return cannot_note(vmid, r);
	r = conf_save(vmid, c);
	if (r < 0)
		return r;
	r = take_volumes(vmid, &vs, name, out);
	if (r == 0) {
		r = snap_commit(c, name);
		r = r < 0 ? cannot_note(vmid, r) : conf_save(vmid, c);
	}
	if (r < 0 && undo(vmid, c, name) < 0)
		say(SAY_ERR, 0,
		    "something is left of snapshot '%s'; the next snapshot of CT %u, or 'pct "
		    "unlock %u', removes it",
		    name, vmid, vmid);
	return r;
}

/* ---- removed ---- */

/* What cannot be removed now keeps its mark, but keeps nobody from using the container. */
static int finish_removal(unsigned vmid, struct config *c, const char *name, bool force)
{
	int r = remove_volumes(vmid, c, name, force), saved;

	if (r < 0) {
		config_unset(c, "lock");
		saved = conf_save(vmid, c);
		info("CT %u: snapshot '%s' is only half there: 'pct delsnapshot %u %s' again "
		     "removes it, --force whatever its storage says",
		     vmid, name, vmid, name);
		return saved < 0 ? saved : r;
	}
	r = snap_drop(c, name);
	if (r == 0)
		r = snap_mark(c, name, NULL, NULL);
	return r < 0 ? cannot_note(vmid, r) : conf_save(vmid, c);
}

static int check_there(unsigned vmid, const struct config *c, const char *name)
{
	return snap_find(c, name)
		   ? 0
		   : refuse(-ENOENT,
			    "CT %u has no snapshot '%s'; 'pct listsnapshot %u' shows those it has",
			    vmid, name, vmid);
}

int snap_remove(unsigned vmid, struct config *c, const char *name, bool force)
{
	int r = check_there(vmid, c, name);

	if (r < 0)
		return r;
	r = snap_mark(c, name, "snapshot-delete", "delete");
	r = r < 0 ? cannot_note(vmid, r) : conf_save(vmid, c);
	return r < 0 ? r : finish_removal(vmid, c, name, force);
}

/* ---- gone back to ---- */

static int finish_rollback(unsigned vmid, struct config *c, const char *name,
			   const struct named_volumes *vs, bool begun)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < vs->n; i++) {
		const struct volume *v = &vs->all[i].v;

		r = step("rollback: a volume");
		if (r == 0)
			r = v->storage->driver->rollback(v->storage, v->name, name);
		begun |= r == 0;
	}
	if (r < 0 && !begun)
		return snap_mark(c, name, NULL, NULL) < 0 || conf_save(vmid, c) < 0 ? -EIO : r;
	if (r < 0) {
		info("CT %u is half as it was at '%s': once that can be, 'pct rollback %u %s' "
		     "again has the rest so",
		     vmid, name, vmid, name);
		return r;
	}
	r = snap_restore(c, name);
	if (r == 0)
		r = snap_mark(c, name, NULL, NULL);
	return r < 0 ? cannot_note(vmid, r) : conf_save(vmid, c);
}

static int check_whole(unsigned vmid, const struct config *c, const char *name)
{
	const char *state = section_get(snap_find(c, name), "snapstate");

	if (!state || strcmp(state, "rollback") == 0)
		return 0;
	return refuse(-EINVAL,
		      "CT %u: snapshot '%s' is only half there (%s); 'pct delsnapshot %u %s' "
		      "removes it",
		      vmid, name, state, vmid, name);
}

static int check_rollback(unsigned vmid, const struct config *c, const char *name,
			  struct named_volumes *vs)
{
	const char *lock = config_get(c, "lock");
	int r = check_there(vmid, c, name);

	if (r == 0 && !is_ours(lock))
		r = conf_check_lock(vmid, c, "roll back");
	if (r == 0)
		r = check_whole(vmid, c, name);
	if (r == 0 && key_bool(c, "template"))
		r = refuse(-EPERM, "CT %u is a template: it does not change", vmid);
	if (r == 0)
		r = named_volumes(vmid, snap_find(c, name), NULL, vs);
	if (r == 0)
		r = named_volumes_can(vmid, vs, STORAGE_SNAPSHOTS, "snapshots");
	return r < 0 ? r : named_volumes_have(vmid, vs, name);
}

int snap_can_rollback(unsigned vmid, const struct config *c, const char *name)
{
	auto_named_volumes vs = NAMED_VOLUMES_NONE;

	return check_rollback(vmid, c, name, &vs);
}

int snap_rollback(unsigned vmid, struct config *c, const char *name)
{
	auto_named_volumes vs = NAMED_VOLUMES_NONE;
	int r = check_rollback(vmid, c, name, &vs);

	if (r < 0)
		return r;
	r = snap_mark(c, name, "rollback", "rollback");
	r = r < 0 ? cannot_note(vmid, r) : conf_save(vmid, c);
	return r < 0 ? r : finish_rollback(vmid, c, name, &vs, false);
}

/* ---- mended ---- */

static int mend_rollback(unsigned vmid, struct config *c, const char *name)
{
	auto_named_volumes vs = NAMED_VOLUMES_NONE;
	int r;

	if (ct_running(vmid))
		return refuse(-EBUSY, "CT %u runs: 'pct stop %u' first", vmid, vmid);
	r = named_volumes(vmid, config_section(c, name), NULL, &vs);
	if (r == 0)
		r = named_volumes_can(vmid, &vs, STORAGE_SNAPSHOTS, "snapshots");
	if (r == 0)
		r = named_volumes_have(vmid, &vs, name);
	return r < 0 ? r : finish_rollback(vmid, c, name, &vs, true);
}

static int mend_one(unsigned vmid, struct config *c, const char *found, const char *state)
{
	auto_free char *name = strdup(found);
	int r;

	if (!name)
		return fail(-ENOMEM, "mend CT %u", vmid);
	if (strcmp(state, "rollback") == 0) {
		info("CT %u: going back to snapshot '%s' was interrupted: it is finished", vmid,
		     name);
		r = mend_rollback(vmid, c, name);
	} else if (strcmp(state, "delete") == 0) {
		info("CT %u: the removal of snapshot '%s' was interrupted: it is finished", vmid,
		     name);
		r = finish_removal(vmid, c, name, false);
	} else {
		info("CT %u: snapshot '%s' was interrupted while it was taken: it is removed", vmid,
		     name);
		r = undo(vmid, c, name);
	}
	return r < 0 ? r : 1;
}

int snap_mend(unsigned vmid, struct config *c)
{
	const char *lock = config_get(c, "lock");
	int r = still_mend(vmid);

	if (r < 0 || (lock && !is_ours(lock)))
		return r;
	for (size_t i = 1; i < c->n; i++) {
		const char *state = section_get(&c->sections[i], "snapstate");

		if (!snap_is(&c->sections[i]) || !state)
			continue;
		r = mend_one(vmid, c, c->sections[i].name, state);
		if (r < 0)
			return r;
		i = 0;
	}
	if (!is_ours(config_get(c, "lock")))
		return r;
	config_unset(c, "lock");
	r = conf_save(vmid, c);
	return r < 0 ? r : 1;
}
