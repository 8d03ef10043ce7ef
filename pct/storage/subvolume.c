// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/subvolume.h"

#define DEPTH_MAX 64 /* of subvolumes in subvolumes */

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The directory a path's last name is in, and that name. */
static int open_above(const char *path, char *name, size_t size)
{
	auto_free char *dir = text_of("%s", path);
	char *slash = strrchr(dir, '/');

	if (!slash || slash == dir || strlen(slash + 1) >= size)
		return -ENAMETOOLONG;
	*slash = '\0';
	snprintf(name, size, "%s", slash + 1);
	return open_dir(dir);
}

static bool is_subvolume(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstatfs(fd, &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC && fstat(fd, &st) == 0 &&
	       S_ISDIR(st.st_mode) && st.st_ino == BTRFS_FIRST_FREE_OBJECTID;
}

bool subvolume_fs_is(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

bool subvolume_is(const char *path)
{
	auto_fd fd = open_dir(path);

	return fd >= 0 && is_subvolume(fd);
}

int subvolume_create(const char *path)
{
	struct btrfs_ioctl_vol_args a = { 0 };
	char name[256];
	auto_fd dir = open_above(path, name, sizeof(name));

	if (dir < 0)
		return dir;
	snprintf(a.name, sizeof(a.name), "%s", name);
	return step("volume: make a subvolume") < 0 || ioctl(dir, BTRFS_IOC_SUBVOL_CREATE, &a) < 0
		   ? -errno
		   : 0;
}

/* ---- snapshots: the kernel's are without the subvolumes in it ---- */

static int snapshot_into(int source, int dir, const char *name, bool read_only, int depth);

/* The directory that one in it is in, as the kernel says: below @fd. */
static int open_above_child(int fd, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	int dir = (int)syscall(SYS_openat2, fd, *path ? path : ".", &how, sizeof(how));

	return dir < 0 ? -errno : dir;
}

/* In the snapshot is an empty directory in its place. */
static int snapshot_child(int source, int made, uint64_t tree, uint64_t dirid, int depth)
{
	struct btrfs_ioctl_ino_lookup_user_args u = { .dirid = dirid, .treeid = tree };
	auto_fd from = -EBADF, to = -EBADF, child = -EBADF;
	uint64_t flags = 0;
	struct stat st;
	int r;

	if (ioctl(source, BTRFS_IOC_INO_LOOKUP_USER, &u) < 0)
		return -errno;
	from = open_above_child(source, u.path);
	to = open_above_child(made, u.path);
	if (from < 0 || to < 0)
		return from < 0 ? from : to;
	child = openat(from, u.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child < 0 || fstat(from, &st) < 0 ||
	    ioctl(child, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0)
		return -errno;
	if (step("volume: make room for a snapshot in a snapshot") < 0 ||
	    (unlinkat(to, u.name, AT_REMOVEDIR) < 0 && errno != ENOENT))
		return -errno;
	r = snapshot_into(child, to, u.name, flags & BTRFS_SUBVOL_RDONLY, depth + 1);
	if (r == 0)
		(void)futimens(to, (const struct timespec[]){ st.st_atim, st.st_mtim });
	return r;
}

/* 1: there are some. */
static int has_children(int fd)
{
	auto_free struct btrfs_ioctl_get_subvol_rootref_args *refs = calloc(1, sizeof(*refs));

	if (!refs)
		return -ENOMEM;
	if (ioctl(fd, BTRFS_IOC_GET_SUBVOL_ROOTREF, refs) < 0 && errno != EOVERFLOW)
		return errno == ENOTTY ? 0 : -errno; /* before Linux 4.18 */
	return refs->num_items > 0;
}

static int snapshot_children(int source, int made, int depth)
{
	auto_free struct btrfs_ioctl_get_subvol_rootref_args *refs = calloc(1, sizeof(*refs));
	bool more;
	int r = 0;

	if (!refs)
		return -ENOMEM;
	do {
		/* It says itself where the next is to begin. */
		more = ioctl(source, BTRFS_IOC_GET_SUBVOL_ROOTREF, refs) < 0;
		if (more && errno != EOVERFLOW)
			return -errno;
		for (size_t i = 0; r == 0 && i < refs->num_items; i++)
			r = snapshot_child(source, made, refs->rootref[i].treeid,
					   refs->rootref[i].dirid, depth);
	} while (r == 0 && more);
	return r;
}

static int set_read_only(int fd, bool on)
{
	uint64_t flags, want;

	if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0)
		return -errno;
	want = on ? flags | BTRFS_SUBVOL_RDONLY : flags & ~(uint64_t)BTRFS_SUBVOL_RDONLY;
	if (want == flags)
		return 0;
	return step("volume: make it read-only, or not") < 0 ||
		       ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &want) < 0
		   ? -errno
		   : 0;
}

static int snapshot_into(int source, int dir, const char *name, bool read_only, int depth)
{
	int nested = has_children(source), r;
	struct btrfs_ioctl_vol_args_v2 a = { .fd = source,
					     .flags =
						 read_only && !nested ? BTRFS_SUBVOL_RDONLY : 0 };
	auto_fd made = -EBADF;

	if (nested < 0 || depth > DEPTH_MAX)
		return nested < 0 ? nested : -ELOOP;
	snprintf(a.name, sizeof(a.name), "%s", name);
	if (step("volume: make a snapshot") < 0 || ioctl(dir, BTRFS_IOC_SNAP_CREATE_V2, &a) < 0)
		return -errno;
	if (!nested)
		return 0;
	made = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = made < 0 ? -errno : snapshot_children(source, made, depth);
	return r == 0 && read_only ? set_read_only(made, true) : r;
}

int subvolume_snapshot(const char *from, const char *to, bool read_only)
{
	char name[256];
	auto_fd source = open_dir(from), dir = open_above(to, name, sizeof(name));
	int r;

	if (source < 0 || dir < 0)
		return source < 0 ? source : dir;
	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	r = snapshot_into(source, dir, name, read_only, 0);
	if (r < 0)
		(void)subvolume_destroy(to);
	return r;
}

/* ---- removed ---- */

static int destroy(int dir, const char *name, int depth);

static int destroy_child(int fd, uint64_t tree, uint64_t dirid, int depth)
{
	struct btrfs_ioctl_ino_lookup_user_args u = { .dirid = dirid, .treeid = tree };
	auto_fd dir = -EBADF;

	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP_USER, &u) < 0)
		return -errno;
	dir = open_above_child(fd, u.path);
	return dir < 0 ? dir : destroy(dir, u.name, depth + 1);
}

/* Until there is none: a container may make more as we go, but not for ever. */
static int destroy_children(int fd, int depth)
{
	for (int tries = 0; tries < 1000; tries++) {
		auto_free struct btrfs_ioctl_get_subvol_rootref_args *refs =
		    calloc(1, sizeof(*refs));
		int r = 0;

		if (!refs)
			return -ENOMEM;
		if (ioctl(fd, BTRFS_IOC_GET_SUBVOL_ROOTREF, refs) < 0 && errno != EOVERFLOW)
			return -errno;
		if (refs->num_items == 0)
			return 0;
		for (size_t i = 0; r == 0 && i < refs->num_items; i++)
			r = destroy_child(fd, refs->rootref[i].treeid, refs->rootref[i].dirid,
					  depth);
		if (r < 0)
			return r;
	}
	return -EBUSY;
}

static int destroy(int dir, const char *name, int depth)
{
	struct btrfs_ioctl_vol_args a = { 0 };
	auto_fd fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t flags = 0;
	int r;

	if (fd < 0)
		return -errno;
	if (depth > DEPTH_MAX)
		return -ELOOP;
	/* In a read-only one nothing can be removed. */
	if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) == 0 && flags & BTRFS_SUBVOL_RDONLY) {
		flags &= ~(uint64_t)BTRFS_SUBVOL_RDONLY;
		if (step("volume: it may be written, to be removed") < 0 ||
		    ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &flags) < 0)
			return -errno;
	}
	r = destroy_children(fd, depth);
	if (r < 0)
		return r;
	snprintf(a.name, sizeof(a.name), "%s", name);
	return step("volume: remove a subvolume") < 0 || ioctl(dir, BTRFS_IOC_SNAP_DESTROY, &a) < 0
		   ? -errno
		   : 0;
}

int subvolume_destroy(const char *path)
{
	char name[256];
	auto_fd dir = open_above(path, name, sizeof(name));
	int r = dir < 0 ? dir : destroy(dir, name, 0);

	return r == -ENOENT ? 0 : r;
}

int subvolume_set_read_only(const char *path, bool on)
{
	auto_fd fd = open_dir(path);

	return fd < 0 ? fd : set_read_only(fd, on);
}

/* ---- quota: what is counted is in /sys, since Linux 5.9 ---- */

/* "/sys/fs/btrfs/<uuid>/qgroups"; NULL: nobody counts. */
static char *groups_of(int fd)
{
	struct btrfs_ioctl_fs_info_args i = { 0 };
	char uuid[37], *p = uuid, *path;

	if (ioctl(fd, BTRFS_IOC_FS_INFO, &i) < 0)
		return NULL;
	for (size_t n = 0; n < sizeof(i.fsid); n++)
		p +=
		    sprintf(p, n == 4 || n == 6 || n == 8 || n == 10 ? "-%02x" : "%02x", i.fsid[n]);
	path = text_of("/sys/fs/btrfs/%s/qgroups", uuid);
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

bool subvolume_has_quota(const char *path)
{
	auto_fd fd = open_dir(path);
	auto_free char *groups = fd < 0 ? NULL : groups_of(fd);

	return groups != NULL;
}

int subvolume_limit(const char *path, uint64_t bytes)
{
	struct btrfs_ioctl_qgroup_limit_args a = {
		.lim = { .flags = BTRFS_QGROUP_LIMIT_MAX_RFER,
			 .max_rfer = bytes ? bytes : UINT64_MAX },
	};
	auto_fd fd = open_dir(path);

	if (fd < 0)
		return fd;
	return step("volume: limit a subvolume") < 0 || ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &a) < 0
		   ? -errno
		   : 0;
}

static int read_number(const char *dir, uint64_t id, const char *name, uint64_t *out)
{
	auto_free char *path = text_of("%s/0_%" PRIu64 "/%s", dir, id, name);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -ENOENT;
	*out = strtoull(text, NULL, 10);
	return 0;
}

int subvolume_usage(const char *path, uint64_t *bytes, uint64_t *used)
{
	struct btrfs_ioctl_get_subvol_info_args i = { 0 };
	auto_fd fd = open_dir(path);
	auto_free char *groups = fd < 0 ? NULL : groups_of(fd);
	uint64_t limited = 0, max = 0;

	if (!groups || ioctl(fd, BTRFS_IOC_GET_SUBVOL_INFO, &i) < 0 ||
	    read_number(groups, i.treeid, "referenced", used) < 0)
		return -ENOENT;
	(void)read_number(groups, i.treeid, "limit_flags", &limited);
	(void)read_number(groups, i.treeid, "max_referenced", &max);
	*bytes = limited & BTRFS_QGROUP_LIMIT_MAX_RFER && max != UINT64_MAX ? max : 0;
	return 0;
}
