// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/say.h"
#include "procfs/mount.h"

int make_dirs(const char *path, bool itself)
{
	char buf[PATH_MAX];

	if (snprintf(buf, sizeof(buf), "%s%s", path, itself ? "/" : "") >= (int)sizeof(buf))
		return -ENAMETOOLONG;
	for (char *p = buf + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(buf, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return 0;
}

/* A mount whose daemon is gone answers nothing but this. There can be several, one on another. */
int take_off_dead(const char *path)
{
	struct statfs st; /* asks the daemon, where stat() may know the answer */
	int n = 0;

	while (statfs(path, &st) < 0 && (errno == ENOTCONN || errno == ECONNABORTED)) {
		/* EINVAL: somebody else just did. */
		if (umount2(path, MNT_DETACH) < 0 && errno != EINVAL)
			return fail(-errno, "take the dead mount off '%s'", path);
		info("took off '%s' what a daemon that died left mounted", path);
		n++;
	}
	return n;
}

uint32_t mount_number(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) < 0)
		return 0;
	return st.stx_attributes & STATX_ATTR_MOUNT_ROOT ? st.stx_dev_minor : 0;
}

static int refuse_living(const char *path)
{
	char real[PATH_MAX], buf[PATH_MAX + 512];
	struct mntent m;
	FILE *mounts;
	int r = 0;

	if (!realpath(path, real))
		return fail(-errno, "mount point '%s'", path);
	mounts = setmntent("/proc/self/mounts", "r");
	if (!mounts)
		return fail(-errno, "read /proc/self/mounts");
	while (r == 0 && getmntent_r(mounts, &m, buf, sizeof(buf)))
		if (strcmp(m.mnt_dir, real) == 0 && strncmp(m.mnt_type, "fuse", 4) == 0)
			r = refuse(-EBUSY,
				   "mount point '%s' is in use by another %s: stop that one, "
				   "or choose another mount point",
				   path,
				   strchr(m.mnt_type, '.') ? strchr(m.mnt_type, '.') + 1
							   : m.mnt_type);
	endmntent(mounts);
	return r;
}

int mount_views(const char *path, int *fuse_fd)
{
	auto_fd fd = -EBADF;
	char options[128];
	struct stat st;
	int r;

	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail(-errno, "open '/dev/fuse' (is the fuse module loaded? modprobe fuse)");
	r = take_off_dead(path);
	if (r < 0)
		return r;
	r = make_dirs(path, true);
	if (r < 0)
		return fail(r, "make the mount point '%s'", path);
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return refuse(-ENOTDIR, "mount point '%s' is no directory", path);
	r = refuse_living(path);
	if (r < 0)
		return r;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", fd);
	/* Known to tools by its source: htop and others take "lxcfs /proc" for a container's. */
	if (mount("lxcfs", path, "fuse.pctfs", MS_NOSUID | MS_NODEV, options) < 0)
		return fail(-errno, "mount on '%s'", path);
	*fuse_fd = take_fd(&fd);
	return 0;
}
