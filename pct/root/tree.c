// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <mntent.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/root/tree.h"
#include "pct/step.h"

#define DEPTH_MAX 32 /* open directories at a time */

/* What is being removed. */
struct removal {
	int top;	     /* of the whole tree */
	const char *path;    /* of it, for messages */
	unsigned long moved; /* names given at the top to what lay too deep */
};

static void close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

char *tree_mount_below(const char *path)
{
	char real[PATH_MAX], buf[PATH_MAX];
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char *found = NULL;
	struct mntent m;
	size_t n;

	if (mounts && realpath(path, real)) {
		n = strlen(real);
		while (!found && getmntent_r(mounts, &m, buf, sizeof(buf)))
			if (strncmp(m.mnt_dir, real, n) == 0 &&
			    (!m.mnt_dir[n] || m.mnt_dir[n] == '/'))
				found = strdup(m.mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return found;
}

/* A directory below @at, on the same mount, with no link on the way. */
static int open_below(int at, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	int fd = (int)syscall(SYS_openat2, at, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int cannot(const struct removal *t, int err, const char *name)
{
	if (err == -EPERM)
		return fail(err, "remove '%s' below '%s' (if it is immutable: chattr -R -ia)", name,
			    t->path);
	return fail(err, "remove '%s' below '%s'", name, t->path);
}

static int remove_dir(struct removal *t, int at, const char *name, int fd, int depth);

/* Too deep: it goes on from the top, under a new name, when its turn comes there. */
static int move_up(struct removal *t, int at, const char *name)
{
	char to[64];
	int r;

	if (step_of_many("remove a tree: what lies too deep") < 0)
		return cannot(t, -errno, name);
	do {
		snprintf(to, sizeof(to), ".pct-removed-%lu", t->moved++);
		r = (int)syscall(SYS_renameat2, at, name, t->top, to, RENAME_NOREPLACE);
	} while (r < 0 && errno == EEXIST);
	return r < 0 ? cannot(t, -errno, name) : 0;
}

/* @dir: it is said to be a directory, which saves asking. */
static int remove_one(struct removal *t, int at, const char *name, bool dir, int depth)
{
	int fd = dir && depth < DEPTH_MAX ? open_below(at, name) : -1;

	if (fd >= 0)
		return remove_dir(t, at, name, fd, depth + 1);
	if (step_of_many("remove a tree: a file") < 0)
		return cannot(t, -errno, name);
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return cannot(t, -errno, name);
	if (unlinkat(at, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return cannot(t, -errno, name);
	if (depth >= DEPTH_MAX)
		return move_up(t, at, name);
	fd = open_below(at, name);
	return fd < 0 ? cannot(t, fd, name) : remove_dir(t, at, name, fd, depth + 1);
}

static int empty(struct removal *t, DIR *dir, int depth)
{
	struct dirent *e;
	int r = 0;

	while (r == 0 && (errno = 0, e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = remove_one(t, dirfd(dir), e->d_name, e->d_type == DT_DIR, depth);
	if (r == 0 && errno)
		return fail(-errno, "read a directory below '%s'", t->path);
	return r;
}

/* Takes @fd, which is @name's. Again from the start while something has come into it. */
static int remove_dir(struct removal *t, int at, const char *name, int fd, int depth)
{
	CLEANUP(close_directory) DIR *dir = fdopendir(fd);
	int r;

	if (!dir) {
		close(fd);
		return fail(-ENOMEM, "read a directory below '%s'", t->path);
	}
	for (;;) {
		r = empty(t, dir, depth);
		if (r < 0)
			return r;
		if (step_of_many("remove a tree: a directory") < 0)
			return cannot(t, -errno, name);
		if (unlinkat(at, name, AT_REMOVEDIR) == 0)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return cannot(t, -errno, name);
		rewinddir(dir);
	}
}

int tree_remove_at(int dir, const char *name, const char *where)
{
	auto_fd top = -EBADF;
	struct removal t = { .path = where };
	int fd;

	if (step_of_many("remove a tree: one below a directory") < 0)
		return cannot(&t, -errno, name);
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return cannot(&t, -errno, name);
	top = open_below(dir, name);
	t.top = top;
	fd = top < 0 ? -1 : fcntl(top, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return cannot(&t, top < 0 ? top : -errno, name);
	return remove_dir(&t, dir, name, fd, 0);
}

int tree_names(int dir, char ***names, size_t *n)
{
	auto_fd fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close_directory) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	auto_free char **all = NULL;
	size_t have = 0;
	struct dirent *e;

	if (!d)
		return -errno;
	(void)take_fd(&fd);
	while ((e = readdir(d))) {
		char **more;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		more = have & (have - 1) ? all : realloc(all, MAX(have * 2, 1u) * sizeof(*all));
		all = more ? more : all;
		if (!more || !(all[have] = strdup(e->d_name))) {
			while (have)
				free(all[--have]);
			return -ENOMEM;
		}
		have++;
	}
	*names = take_ptr(all);
	*n = have;
	return 0;
}

int tree_remove(const char *path)
{
	auto_fd top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct removal t = { .top = top, .path = path };
	auto_free char *mounted = NULL;
	int fd;

	if (top < 0 && errno == ENOENT)
		return 0;
	if (top < 0)
		return fail(-errno, "remove '%s'", path);
	mounted = tree_mount_below(path);
	if (mounted)
		return refuse(-EBUSY, "'%s' is mounted: unmount it first, nothing was removed",
			      mounted);
	fd = fcntl(top, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return fail(-errno, "remove '%s'", path);
	return remove_dir(&t, AT_FDCWD, path, fd, 0);
}
