// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "base/base.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/tree/parts.h"

#define FLAGS                                                                                      \
	(FS_APPEND_FL | FS_IMMUTABLE_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL | FS_DIRSYNC_FL)

/* Through /proc, so that it is the same of what is open and of what is only pointed at. */
static void handle(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

/* Of a kind that this file system does not keep: "system.nfs4_acl", "btrfs.compression". */
static bool is_kept_nowhere(const char *name)
{
	return strncmp(name, "user.", 5) != 0 && strncmp(name, "trusted.", 8) != 0 &&
	       strncmp(name, "security.", 9) != 0 && strncmp(name, "system.posix_acl_", 17) != 0;
}

static int copy_one(const char *from, const char *to, const char *name, struct attrs_lost *lost)
{
	char few[256];
	auto_free char *many = NULL;
	char *value = few;
	ssize_t n = getxattr(from, name, few, sizeof(few));

	if (n < 0 && errno == ERANGE) {
		value = many = malloc(XATTR_SIZE_MAX);
		n = many ? getxattr(from, name, many, XATTR_SIZE_MAX) : -1;
	}
	if (n < 0)
		return errno == ENODATA ? 0 : -errno;
	if (step_of_many("copy a tree: an extended attribute") < 0)
		return -errno;
	if (setxattr(to, name, value, (size_t)n, 0) == 0)
		return 0;
	if (errno != EOPNOTSUPP && !(is_kept_nowhere(name) && (errno == EINVAL || errno == EPERM)))
		return -errno;
	if (!*lost->name)
		snprintf(lost->name, sizeof(lost->name), "%.255s", name);
	return 0;
}

static int copy_xattrs(int from, int to, struct attrs_lost *lost)
{
	char names[1024], from_path[32], to_path[32];
	auto_free char *many = NULL;
	char *list = names;
	ssize_t n;
	int r = 0;

	handle(from, from_path);
	handle(to, to_path);
	n = listxattr(from_path, names, sizeof(names));
	if (n < 0 && errno == ERANGE) {
		list = many = malloc(XATTR_LIST_MAX);
		n = many ? listxattr(from_path, many, XATTR_LIST_MAX) : -1;
	}
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (char *name = list; r == 0 && name < list + n; name += strlen(name) + 1)
		r = copy_one(from_path, to_path, name, lost);
	return r;
}

/* What cannot be changed any more cannot have another name later. */
static int copy_flags(int from, int to, const struct stat *st)
{
	unsigned int flags = 0, has = 0;

	if (ioctl(from, FS_IOC_GETFLAGS, &flags) < 0)
		return 0;
	flags &= FLAGS;
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1)
		flags &= ~(unsigned)(FS_APPEND_FL | FS_IMMUTABLE_FL);
	if (!flags || ioctl(to, FS_IOC_GETFLAGS, &has) < 0)
		return 0;
	if (step_of_many("copy a tree: flags") < 0)
		return -errno;
	has |= flags;
	return ioctl(to, FS_IOC_SETFLAGS, &has) < 0 && errno != EOPNOTSUPP ? -errno : 0;
}

/* The owner first: a new one takes setuid and capabilities away. The times last. */
int attrs_copy(int from, int to, const struct stat *st, struct attrs_lost *lost)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r = step_of_many("copy a tree: attributes");

	if (r == 0 &&
	    (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0))
		r = -errno;
	if (r == 0)
		r = copy_xattrs(from, to, lost);
	if (r == 0 && futimens(to, times) < 0)
		r = -errno;
	return r < 0 ? r : copy_flags(from, to, st);
}

int attrs_copy_special(int from, int to, const struct stat *st, struct attrs_lost *lost)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	char path[32];
	int r = step_of_many("copy a tree: attributes of a link or node");

	handle(to, path);
	if (r == 0 && fchownat(to, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) < 0)
		r = -errno;
	if (r == 0 && !S_ISLNK(st->st_mode) && chmod(path, st->st_mode & 07777) < 0)
		r = -errno;
	if (r == 0)
		r = copy_xattrs(from, to, lost);
	if (r == 0 && utimensat(to, "", times, AT_EMPTY_PATH) < 0)
		r = -errno;
	return r;
}
