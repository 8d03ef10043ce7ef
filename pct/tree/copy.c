// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>

#include "base/say.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/tree/parts.h"
#include "pct/tree/tree-copy.h"

/* Under way: @path is where we are, below both tops. */
struct copying {
	int from, to;
	char path[PATH_MAX];
	size_t n; /* of @path */
	struct links links;
	struct data_ways ways;
	struct attrs_lost lost;
	struct progress *p;
};

/* A directory on both sides. */
struct pair {
	int from, to;
};

static int cannot(const struct copying *c, int err)
{
	return err == -EINTR ? err : fail(err, "copy '/%s'", c->path);
}

static void close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* False: it is too deep for a name to it. */
static bool enter(struct copying *c, const char *name, size_t *was)
{
	size_t n = strlen(name);

	*was = c->n;
	if (c->n + n + 2 > sizeof(c->path))
		return false;
	if (c->n)
		c->path[c->n++] = '/';
	memcpy(c->path + c->n, name, n + 1);
	c->n += n;
	return true;
}

static void leave(struct copying *c, size_t was)
{
	c->n = was;
	c->path[was] = '\0';
}

static int copy_regular(struct copying *c, const struct pair *at, const char *name,
			const struct stat *st)
{
	auto_fd from =
	    openat(at->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
	auto_fd to = -EBADF;
	int r;

	if (from < 0 || step_of_many("copy a tree: a file") < 0)
		return -errno;
	to = openat(at->to, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	r = data_copy_file(from, to, st, &c->ways, c->p);
	return r < 0 ? r : attrs_copy(from, to, st, &c->lost);
}

static int make_link(const struct pair *at, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(at->from, name, target, sizeof(target) - 1);

	if (n < 0 || step_of_many("copy a tree: a symbolic link") < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, at->to, name) < 0 ? -errno : 0;
}

static int make_node(const struct pair *at, const char *name, const struct stat *st)
{
	if (step_of_many("copy a tree: a device, fifo or socket") < 0)
		return -errno;
	return mknodat(at->to, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0 ? -errno : 0;
}

static int copy_special(struct copying *c, const struct pair *at, const char *name,
			const struct stat *st)
{
	auto_fd from = openat(at->from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_fd to = -EBADF;
	int r;

	if (from < 0)
		return -errno;
	r = S_ISLNK(st->st_mode) ? make_link(at, name) : make_node(at, name, st);
	if (r < 0)
		return r;
	to = openat(at->to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return to < 0 ? -errno : attrs_copy_special(from, to, st, &c->lost);
}

static int copy_directory(struct copying *c, const struct pair *at);

/* Said already. */
static int copy_below(struct copying *c, const struct pair *at, const char *name,
		      const struct stat *st)
{
	static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	auto_fd from = openat(at->from, name, flags), to = -EBADF;
	int r;

	if (from < 0 || step_of_many("copy a tree: a directory") < 0)
		return cannot(c, -errno);
	/* A new ext4 is not quite empty. */
	if (mkdirat(at->to, name, 0700) < 0 &&
	    (errno != EEXIST || strcmp(c->path, "lost+found") != 0))
		return cannot(c, -errno);
	to = openat(at->to, name, flags);
	if (to < 0)
		return cannot(c, -errno);
	r = copy_directory(c, &(struct pair){ from, to });
	if (r < 0)
		return r;
	r = attrs_copy(from, to, st, &c->lost);
	return r < 0 ? cannot(c, r) : 0;
}

/* The first of its names was made already. */
static int link_again(struct copying *c, const struct pair *at, const char *name, const char *first)
{
	if (step_of_many("copy a tree: a hard link") < 0)
		return -errno;
	return linkat(c->to, first, at->to, name, 0) < 0 ? -errno : 0;
}

static int copy_entry(struct copying *c, const struct pair *at, const char *name)
{
	const char *first;
	struct stat st;
	int r;

	if (fstatat(at->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return cannot(c, -errno);
	if (S_ISDIR(st.st_mode))
		return copy_below(c, at, name, &st);
	first = st.st_nlink > 1 ? links_find(&c->links, &st) : NULL;
	if (first) {
		r = link_again(c, at, name, first);
		return r < 0 ? cannot(c, r) : 0;
	}
	r = S_ISREG(st.st_mode) ? copy_regular(c, at, name, &st) : copy_special(c, at, name, &st);
	if (r == 0 && st.st_nlink > 1)
		r = links_add(&c->links, &st, c->path);
	return r < 0 ? cannot(c, r) : 0;
}

static int copy_directory(struct copying *c, const struct pair *at)
{
	/* A description of its own: where @at->from is read is nobody else's. */
	int fd = openat(at->from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close_directory) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	size_t was;
	int r = 0;

	if (!dir) {
		r = cannot(c, -errno);
		close_fd(&fd);
		return r;
	}
	while (r == 0 && (errno = 0, e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (interrupted())
			return -EINTR;
		if (!enter(c, e->d_name, &was))
			return cannot(c, -ENAMETOOLONG);
		r = copy_entry(c, at, e->d_name);
		leave(c, was);
	}
	return r == 0 && errno ? cannot(c, -errno) : r;
}

/* Three for each level. */
static void have_many_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

/* A new ext4 has it empty, and who is copied may have made something else of it. */
static int make_way(struct copying *c)
{
	static const char name[] = "lost+found";
	struct stat st;

	if (fstatat(c->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
		return 0;
	if (step("copy a tree: remove what a new file system has") < 0 ||
	    (unlinkat(c->to, name, AT_REMOVEDIR) < 0 && errno != ENOENT))
		return fail(-errno, "copy '/%s'", name);
	return 0;
}

int tree_copy(int from_at, int to_at, struct progress *p)
{
	/* They may only point at it, as a mounted volume does. */
	auto_fd from = openat(from_at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd to = openat(to_at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free struct copying *c = calloc(1, sizeof(*c));
	struct stat st;
	int r;

	if (!c || from < 0 || to < 0)
		return fail(c ? -errno : -ENOMEM, "copy a tree");
	*c = (struct copying){ .from = from, .to = to, .p = p };
	have_many_files();
	r = make_way(c);
	if (r == 0)
		r = copy_directory(c, &(struct pair){ from, to });
	if (r == 0 && (fstat(from, &st) < 0 || (r = attrs_copy(from, to, &st, &c->lost)) < 0))
		r = cannot(c, r < 0 ? r : -errno);
	if (r == 0 && syncfs(to) < 0)
		r = fail(-errno, "write the copy to the disk");
	if (r == 0 && *c->lost.name)
		warn(0, "extended attributes such as '%s' cannot be kept where the copy is",
		     c->lost.name);
	links_free(&c->links);
	return r;
}
