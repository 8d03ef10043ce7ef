// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A directory into a tar. Nothing in it is trusted, nor stands still.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/backup/pack.h"
#include "pct/interrupt.h"

/* What of a tree is the same all over it. */
struct tree {
	struct pack *p;
	const struct idmap *ids;
	size_t open, open_max;
};

/* One that is being looked at. */
struct found {
	int fd; /* O_PATH */
	struct stat st;
};

static void close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int find(int at, const char *name, struct found *out)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	/* A link itself can be had: it is only as the way to another that it is refused. */
	out->fd = (int)syscall(SYS_openat2, at, name, &how, sizeof(how));
	if (out->fd < 0)
		return -errno;
	return fstat(out->fd, &out->st) < 0 ? -errno : 0;
}

/* The very same file for reading: a device or a FIFO is never opened, so nothing happens to it. */
static int open_again(int fd, int flags)
{
	char proc[32];
	int again;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	again = open(proc, O_RDONLY | O_NOATIME | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	return again < 0 ? -errno : again;
}

static void note(struct pack *p, size_t *count)
{
	(*count)++;
	if (!*p->first)
		snprintf(p->first, sizeof(p->first), "%.150s", p->path + 1);
}

static int put_header(struct pack *p)
{
	return archive_write_header(p->out, p->entry) < ARCHIVE_WARN ? pack_wrong(p) : 0;
}

static int put_link(struct pack *p, const struct found *f)
{
	char target[4097];
	ssize_t n = readlinkat(f->fd, "", target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	archive_entry_set_symlink(p->entry, target);
	return put_header(p);
}

static int put_file(struct pack *p, const struct found *f)
{
	auto_fd fd = open_again(f->fd, 0);
	int r = fd < 0 ? fd : data_map(fd, &f->st, p->entry);

	if (r < 0)
		return r == -ESTALE ? -ENOENT : fail(r, "%s: read '%.300s'", p->what, p->path);
	if (archive_write_header(p->out, p->entry) < ARCHIVE_WARN)
		return pack_wrong(p);
	if (f->st.st_size > 0) {
		r = data_copy(p, fd, (uint64_t)f->st.st_size);
		if (r == -EIO && (p->error || archive_error_string(p->out)))
			return pack_wrong(p);
		if (r < 0)
			return r == -EINTR ? r : fail(r, "%s: read '%.300s'", p->what, p->path);
		if (r > 0)
			note(p, &p->changed);
	}
	return archive_write_finish_entry(p->out) < ARCHIVE_WARN ? pack_wrong(p) : 0;
}

/* -ENOENT: it has gone meanwhile. */
static int put_entry(struct tree *t, const struct found *f)
{
	struct pack *p = t->p;
	const char *first;

	archive_entry_clear(p->entry);
	archive_entry_set_pathname(p->entry, p->path);
	if (meta_read(f->fd, &f->st, t->ids, p->entry) > 0)
		p->foreign++;
	if (S_ISREG(f->st.st_mode) || S_ISCHR(f->st.st_mode) || S_ISBLK(f->st.st_mode) ||
	    S_ISFIFO(f->st.st_mode)) {
		first = f->st.st_nlink > 1 ? links_find(&p->links, &f->st) : NULL;
		if (first) {
			archive_entry_set_hardlink(p->entry, first);
			archive_entry_set_size(p->entry, 0);
			return put_header(p);
		}
		if (f->st.st_nlink > 1 && links_add(&p->links, &f->st, p->path) < 0)
			return fail(-ENOMEM, "%s", p->what);
	}
	if (S_ISREG(f->st.st_mode))
		return put_file(p, f);
	if (S_ISLNK(f->st.st_mode))
		return put_link(p, f);
	return put_header(p);
}

static int put_directory(struct tree *t, int fd, size_t length);

static int put_one(struct tree *t, int at, const char *name, size_t length)
{
	struct pack *p = t->p;
	struct found f = { .fd = -EBADF };
	int r = find(at, name, &f);
	auto_fd held = f.fd;

	/* What is mounted over it, by somebody of the host, is another file system's. */
	if (r == -EXDEV)
		return 0;
	if (r < 0) {
		p->gone += r == -ENOENT;
		return r == -ENOENT ? 0 : fail(r, "%s: find '%.300s'", p->what, p->path);
	}
	if (S_ISSOCK(f.st.st_mode)) {
		p->sockets++;
		return 0;
	}
	/* A directory's end with a slash, as tar has it. */
	if (S_ISDIR(f.st.st_mode) && length + 1 < sizeof(p->path)) {
		p->path[length++] = '/';
		p->path[length] = '\0';
	}
	r = put_entry(t, &f);
	if (r == -ENOENT) {
		p->gone++;
		return 0;
	}
	return r == 0 && S_ISDIR(f.st.st_mode) ? put_directory(t, held, length) : r;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int put_name(struct tree *t, int at, const char *name, size_t length)
{
	struct pack *p = t->p;
	size_t n = strlen(name);
	int r;

	/* Nothing could be done with it by its name, nor could it be restored. */
	if (length + n + 2 >= sizeof(p->path)) {
		note(p, &p->deep);
		return 0;
	}
	memcpy(p->path + length, name, n + 1);
	r = excluded(p->excludes, p->path + 1) ? 0 : put_one(t, at, name, length + n);
	p->path[length] = '\0';
	return r;
}

/* @length: of its path, which ends in '/'. */
static int put_directory(struct tree *t, int fd, size_t length)
{
	int again = t->open < t->open_max ? open_again(fd, O_DIRECTORY) : -EMFILE;
	CLEANUP(close_directory) DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *e;
	int r = 0;

	if (!dir && again == -EMFILE) {
		note(t->p, &t->p->deep);
		return 0;
	}
	if (!dir) {
		close_fd(&again);
		return fail(again < 0 ? again : -ENOMEM, "%s: read '%.300s'", t->p->what,
			    t->p->path);
	}
	t->open += 2;
	while (r == 0 && (errno = 0, e = readdir(dir))) {
		if (interrupted())
			r = -EINTR;
		else if (!is_dots(e->d_name))
			r = put_name(t, again, e->d_name, length);
	}
	t->open -= 2;
	/* It was removed while we were in it. */
	if (r == 0 && errno && errno != ENOENT)
		r = fail(-errno, "%s: read '%.300s'", t->p->what, t->p->path);
	return r;
}

/* Every level has two files open. */
static size_t files_at_hand(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return 256;
	if (l.rlim_cur < MIN(l.rlim_max, (rlim_t)8192)) {
		l.rlim_cur = MIN(l.rlim_max, (rlim_t)8192);
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
	return l.rlim_cur > 128 ? l.rlim_cur - 64 : 64;
}

int pack_tree(struct pack *p, int root, const char *prefix, const struct idmap *ids)
{
	struct tree t = { .p = p, .ids = ids, .open_max = files_at_hand() };
	struct found f = { .fd = root };
	size_t n = (size_t)snprintf(p->path, sizeof(p->path) - 1, ".%s", prefix);
	int r;

	if (n < 2 || n >= sizeof(p->path) - 1)
		return fail(-ENAMETOOLONG, "%s: '%s'", p->what, prefix);
	if (p->path[n - 1] != '/') {
		if (excluded(p->excludes, p->path + 1))
			return 0;
		p->path[n++] = '/';
		p->path[n] = '\0';
	}
	if (fstat(root, &f.st) < 0)
		return fail(-errno, "%s: read '%s'", p->what, prefix);
	r = put_entry(&t, &f);
	return r < 0 ? r : put_directory(&t, root, n);
}
