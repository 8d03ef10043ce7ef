// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <mntent.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/conf/store.h"
#include "pct/ct/target.h"
#include "pct/ct/volumes.h"
#include "pct/disk/mounted.h"
#include "pct/paths.h"
#include "pct/step.h"

/* ---- taken off ---- */

static void close_mounts(FILE **f)
{
	if (*f)
		endmntent(*f);
}

/* The last of those that are mounted there, or below: malloc'ed; NULL: none. */
static char *last_at(const char *path)
{
	CLEANUP(close_mounts) FILE *f = setmntent("/proc/self/mounts", "re");
	size_t n = strlen(path);
	const struct mntent *m;
	char *last = NULL;

	while (f && (m = getmntent(f))) {
		if (strncmp(m->mnt_dir, path, n) != 0 || (m->mnt_dir[n] && m->mnt_dir[n] != '/'))
			continue;
		free(last);
		last = strdup(m->mnt_dir);
	}
	return last;
}

/* Its users have ids of the host's users while it is mounted: those are to stay out. */
static int close_to_others(unsigned vmid, bool closed)
{
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", vmid);
	int r = closed ? paths_make(dir, 0755) : 0;

	if (r < 0)
		return r;
	if (step("mount: close the directory to others") < 0 ||
	    (chmod(dir, closed ? 0700 : 0755) < 0 && errno != ENOENT))
		return fail(-errno, "change the mode of '%s'", dir);
	return 0;
}

int mounted_end(unsigned vmid, bool lazy)
{
	auto_free char *path = ct_rootfs_path(vmid);

	for (;;) {
		auto_free char *last = last_at(path);

		if (!last)
			return close_to_others(vmid, false);
		if (step("unmount: take a volume off") == 0 &&
		    umount2(last, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) == 0)
			continue;
		if (errno != EBUSY)
			return fail(-errno, "unmount '%s'", last);
		return refuse(-EBUSY,
			      "CT %u: '%s' is used; leave it, or 'pct unmount %u --force' takes it "
			      "off once it is not",
			      vmid, last, vmid);
	}
}

int mounted_settle(unsigned vmid, struct config *c)
{
	const char *lock = config_get(c, "lock");
	int r;

	if (!lock || strcmp(lock, "mounted") != 0)
		return 0;
	r = mounted_end(vmid, true);
	if (r < 0)
		return r;
	config_unset(c, "lock");
	return conf_save(vmid, c);
}

/* ---- mounted ---- */

static int attach_root(unsigned vmid, int tree, int *root)
{
	auto_free char *path = ct_rootfs_path(vmid);
	int r = paths_make(path, 0755);

	if (r < 0)
		return r;
	if (step("mount: attach the rootfs") < 0 ||
	    move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail(-errno, "mount the rootfs of CT %u", vmid);
	*root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *root < 0 ? fail(-errno, "open the rootfs of CT %u", vmid) : 0;
}

/* Nothing is made in it: the container's root does that when it starts. */
static int attach_below(unsigned vmid, const struct ct_volume *v, int tree, int root)
{
	auto_spot at = SPOT_NONE;
	int r = spot_find(root, v->path, true, false, &at);

	if (r == -ENOENT) {
		warn(0, "CT %u: there is no '%s' in it yet for its %s: start it once", vmid,
		     v->path, v->key);
		return 0;
	}
	if (r == 0 && (step("mount: attach a volume") < 0 ||
		       move_mount(tree, "", at.fd, "",
				  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0))
		r = -errno;
	return r < 0 ? fail(r, "CT %u: mount %s on '%s'", vmid, v->key, v->path) : 0;
}

static int mount_one(unsigned vmid, struct ct_volume *v, int unshift, int *root)
{
	auto_fd tree = -EBADF;
	int r;

	v->how.unshift = unshift;
	v->how.attributes |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	r = volume_mount(&v->v, NULL, &v->how, &tree);
	if (r < 0)
		return r;
	return *root < 0 ? attach_root(vmid, tree, root) : attach_below(vmid, v, tree, *root);
}

static int open_ids(unsigned vmid, const struct config *c, int *unshift)
{
	auto_free struct idmap *ids = calloc(1, sizeof(*ids));

	if (!ids || idmap_read(c, ids) < 0)
		return refuse(-EINVAL, "CT %u: its lxc.idmap lines cannot be used", vmid);
	return ct_users_back(ids, unshift);
}

int mounted_begin(unsigned vmid, const struct config *c)
{
	auto_fd unshift = -EBADF, root = -EBADF;
	struct ct_volume *all = NULL;
	size_t n = 0;
	int r = open_ids(vmid, c, &unshift);

	if (r == 0)
		r = ct_volumes_read(vmid, c->sections, &all, &n);
	if (r == 0 && (n == 0 || strcmp(all[0].key, "rootfs") != 0))
		r = refuse(-EINVAL, "CT %u: its rootfs is on no storage pct knows", vmid);
	if (r == 0)
		r = close_to_others(vmid, true);
	for (size_t i = 0; i < n && r == 0; i++)
		r = mount_one(vmid, &all[i], unshift, &root);
	ct_volumes_free(all, n);
	close_fd(&root);
	if (r < 0)
		(void)mounted_end(vmid, true);
	return r;
}
