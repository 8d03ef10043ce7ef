// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/base.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/quota.h"

/* Ids that we make up: far from those that people write down. */
#define FIRST 0x40000000u
#define MANY  0x40000000u
#define BLOCK 1024u /* a limit's unit */
#define TRIES 100
#define DEPTH 256

/* By a file on the file system, whatever device that is on. Linux 5.14. */
static int quota_do(int fd, int what, uint32_t id, void *data)
{
	int cmd = (int)QCMD((unsigned)what, PRJQUOTA);

	return syscall(SYS_quotactl_fd, fd, cmd, id, data) < 0 ? -errno : 0;
}

bool quota_there(int dir)
{
	struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };

	return quota_do(dir, Q_XGETQSTATV, 0, &state) == 0 && state.qs_flags & FS_QUOTA_PDQ_ENFD;
}

const char *quota_lacks(int dir)
{
	struct statfs fs;

	if (quota_there(dir))
		return NULL;
	if (fstatfs(dir, &fs) == 0 && fs.f_type == EXT4_SUPER_MAGIC)
		return "its ext4 has no project quotas: unmounted, 'tune2fs -O project,quota "
		       "DEVICE', and mount it with 'prjquota'";
	if (fstatfs(dir, &fs) == 0 && fs.f_type == XFS_SUPER_MAGIC)
		return "its xfs has no project quotas: mount it with 'prjquota'";
	return "its file system has no project quotas; ext4 and xfs may have";
}

/* ---- whose it is ---- */

static int project_of(int fd, uint32_t *id)
{
	struct fsxattr a;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &a) < 0)
		return -errno;
	*id = a.fsx_projid;
	return 0;
}

/* What is made in a directory is the project's, too. */
static int give(int fd, uint32_t id, bool inherited)
{
	struct fsxattr a;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &a) < 0 || step_of_many("quota: give a project") < 0)
		return -errno;
	a.fsx_projid = id;
	if (inherited)
		a.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(fd, FS_IOC_FSSETXATTR, &a) < 0 ? -errno : 0;
}

/* One that nobody uses. */
static int make_up(int dir, uint32_t *id)
{
	for (int i = 0; i < TRIES; i++) {
		struct if_dqblk q = { 0 };
		uint32_t n;
		int r;

		if (getrandom(&n, sizeof(n), 0) != sizeof(n))
			return -EIO;
		n = FIRST + n % MANY;
		r = quota_do(dir, Q_GETQUOTA, n, &q);
		if (r < 0 && r != -ENOENT)
			return r;
		if (r == -ENOENT || (!q.dqb_bhardlimit && !q.dqb_bsoftlimit && !q.dqb_curinodes)) {
			*id = n;
			return 0;
		}
	}
	return -EBUSY;
}

/* ---- what is in it already ---- */

struct at {
	uint32_t id;
	dev_t dev;
	unsigned depth;
};

static int give_tree(int dir, struct at *at);

/* It is opened once it is known to be no device or pipe, which opening may wake. */
static int give_entry(int dir, const char *name, struct at *at)
{
	auto_fd found = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *path = NULL;
	auto_fd fd = -EBADF;
	struct stat st;

	if (found < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(found, &st) < 0)
		return -errno;
	if (st.st_dev != at->dev || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 0;
	path = text_of("/proc/self/fd/%d", found);
	fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return give_tree(take_fd(&fd), at);
	return give(fd, at->id, false);
}

static void close_directory(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* It closes @fd. A directory is the last to have it: killed before that, it is begun again. */
static int give_tree(int fd, struct at *at)
{
	CLEANUP(close_directory) DIR *d = fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	if (++at->depth > DEPTH)
		return -ELOOP;
	while (r == 0 && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = give_entry(dirfd(d), e->d_name, at);
	at->depth--;
	return r < 0 ? r : give(dirfd(d), at->id, true);
}

static int give_all(int dir, uint32_t id)
{
	struct at at = { .id = id };
	auto_fd fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	at.dev = st.st_dev;
	return give_tree(take_fd(&fd), &at);
}

/* ---- ---- */

static int set_limit(int dir, uint32_t id, uint64_t bytes)
{
	struct if_dqblk q = {
		.dqb_bhardlimit = (bytes + BLOCK - 1) / BLOCK,
		.dqb_bsoftlimit = (bytes + BLOCK - 1) / BLOCK,
		.dqb_valid = QIF_BLIMITS,
	};
	int r = step("quota: set a limit");

	return r < 0 ? r : quota_do(dir, Q_SETQUOTA, id, &q);
}

int quota_limit(int dir, uint64_t bytes)
{
	uint32_t id = 0;
	int r;

	if (!quota_there(dir))
		return -EOPNOTSUPP;
	r = project_of(dir, &id);
	if (r == 0 && id)
		return set_limit(dir, id, bytes);
	if (r < 0 || !bytes)
		return r;
	r = make_up(dir, &id);
	/* The limit first: nobody else takes the id then. */
	if (r == 0)
		r = set_limit(dir, id, bytes);
	if (r < 0)
		return r;
	r = give_all(dir, id);
	if (r < 0)
		(void)set_limit(dir, id, 0);
	return r;
}

int quota_read(int dir, uint64_t *limit, uint64_t *used)
{
	struct if_dqblk q = { 0 };
	uint32_t id = 0;
	int r = project_of(dir, &id);

	if (r < 0 || !id || !quota_there(dir))
		return -ENOENT;
	r = quota_do(dir, Q_GETQUOTA, id, &q);
	if (r < 0 || !q.dqb_bhardlimit)
		return -ENOENT;
	*limit = q.dqb_bhardlimit * BLOCK;
	*used = q.dqb_curspace;
	return 0;
}

void quota_forget(int dir)
{
	uint32_t id = 0;

	/* Of a project that was made up by others nothing is taken. */
	if (project_of(dir, &id) == 0 && id >= FIRST && id - FIRST < MANY && quota_there(dir))
		(void)set_limit(dir, id, 0);
}

/* ---- by a path ---- */

/* A directory, and no link to one. */
static int open_at(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool quota_there_at(const char *path)
{
	/* The path of a storage may be a link. */
	auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir >= 0 && quota_there(dir);
}

int quota_limit_at(const char *path, uint64_t bytes)
{
	auto_fd dir = open_at(path);

	return dir < 0 ? -errno : quota_limit(dir, bytes);
}

int quota_read_at(const char *path, uint64_t *limit, uint64_t *used)
{
	auto_fd dir = open_at(path);

	return dir < 0 ? -ENOENT : quota_read(dir, limit, used);
}

void quota_forget_at(const char *path)
{
	auto_fd dir = open_at(path);

	if (dir >= 0)
		quota_forget(dir);
}

const char *quota_lacks_at(const char *path)
{
	auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *lacks = dir < 0 ? NULL : quota_lacks(dir);

	return lacks ? lacks : "it is not there";
}
