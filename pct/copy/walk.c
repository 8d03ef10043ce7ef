// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is to be copied, entry after entry. Whoever owns it may change it all the while: an entry is
 * first held (O_PATH: nothing happens by that, not to a FIFO nor to a device), then looked at, and
 * that very one is opened.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/say.h"
#include "pct/copy/copy.h"
#include "pct/interrupt.h"
#include "pct/paths.h"

/* Where we are, for messages. */
struct place {
	const struct place *above;
	const char *name;
};

static void put_place(const struct place *p, FILE *to)
{
	size_t n = strlen(p->name);

	if (p->above)
		put_place(p->above, to);
	/* "/" and "etc/", as the user may have named the first, have theirs */
	while (!p->above && n && p->name[n - 1] == '/')
		n--;
	fprintf(to, "%s%.*s", p->above ? "/" : "", (int)n, p->name);
}

/* malloc'ed */
static char *place_text(const struct place *p)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f) {
		put_place(p, f);
		fclose(f);
	}
	return text;
}

static int left_out(struct walk *w, const struct place *p, int err, const char *why)
{
	auto_free char *text = place_text(p);

	if (err < 0)
		say(SAY_ERR, err, "read '%s'", text ? text : p->name);
	else
		warn(0, "'%s' %s: left out", text ? text : p->name, why);
	if (err < 0)
		w->failed = err;
	return 0;
}

/* What is held by @fd, for reading. */
static int reopen(const struct walk *w, int fd, int flags)
{
	char name[16];
	int r;

	snprintf(name, sizeof(name), "%d", fd);
	r = openat(w->fds, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	return r < 0 ? -errno : r;
}

static const char *special(mode_t mode)
{
	return S_ISFIFO(mode) ? "is a FIFO" : S_ISSOCK(mode) ? "is a socket" : "is a device";
}

/* File systems that the kernel makes up have no end, or no size. */
static bool is_made_up(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	switch ((unsigned long)fs.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case DEVPTS_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case BPF_FS_MAGIC:
		return true;
	default:
		return false;
	}
}

static int walk_entry(struct walk *w, int held, const struct place *p, const char *name,
		      unsigned depth, bool in_made_up);

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* @dir is taken. */
static int walk_dir(struct walk *w, int dir, const struct place *p, unsigned depth)
{
	bool made_up = is_made_up(dir);
	DIR *d = fdopendir(dir);
	struct dirent *e;
	int r = 0;

	if (!d) {
		r = -errno;
		close(dir);
		return left_out(w, p, r, "");
	}
	while (r == 0 && (errno = 0, e = readdir(d))) {
		struct place here = { p, e->d_name };
		auto_fd held = -EBADF;

		if (interrupted())
			r = -EINTR;
		if (r < 0 || is_dot(e->d_name))
			continue;
		held = openat(dirfd(d), e->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (held >= 0)
			r = walk_entry(w, held, &here, e->d_name, depth + 1, made_up);
		else if (errno == ENOENT)
			r = left_out(w, &here, 0, "is gone");
		else
			r = left_out(w, &here, -errno, "");
	}
	if (r == 0 && errno)
		r = left_out(w, p, -errno, "");
	closedir(d);
	return r;
}

static int give_dir(struct walk *w, int held, const struct place *p, struct copy_entry *e,
		    unsigned depth)
{
	int dir, r;

	if (depth >= COPY_DEPTH)
		return left_out(w, p, -ELOOP, "");
	dir = reopen(w, held, O_DIRECTORY);
	if (dir < 0)
		return left_out(w, p, dir, "");
	e->kind = COPY_DIR;
	r = w->give(w->to, e, -1);
	if (r < 0) {
		close(dir);
		return r;
	}
	r = walk_dir(w, dir, p, depth);
	e->kind = COPY_UP;
	return r < 0 ? r : w->give(w->to, e, -1);
}

static int give_link(struct walk *w, int held, const struct place *p, struct copy_entry *e)
{
	ssize_t n = readlinkat(held, "", e->target, sizeof(e->target) - 1);

	if (n <= 0)
		return left_out(w, p, n < 0 ? -errno : -ENOENT, "");
	e->target[n] = '\0';
	e->kind = COPY_LINK;
	return w->give(w->to, e, -1);
}

static int give_file(struct walk *w, int held, const struct place *p, struct copy_entry *e)
{
	auto_fd fd = reopen(w, held, 0);

	if (fd < 0)
		return left_out(w, p, fd, "");
	e->kind = COPY_FILE;
	return w->give(w->to, e, fd);
}

static int walk_entry(struct walk *w, int held, const struct place *p, const char *name,
		      unsigned depth, bool in_made_up)
{
	struct copy_entry *e;
	auto_free void *owned = NULL;
	struct stat st;

	owned = e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	if (fstat(held, &st) < 0)
		return left_out(w, p, -errno, "");
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->mode = st.st_mode & 07777;
	e->mtime = st.st_mtim;
	e->size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	if (S_ISDIR(st.st_mode) && depth && !in_made_up && is_made_up(held))
		return left_out(w, p, 0, "is made up by the kernel");
	if (S_ISDIR(st.st_mode))
		return give_dir(w, held, p, e, depth);
	if (S_ISLNK(st.st_mode))
		return give_link(w, held, p, e);
	if (S_ISREG(st.st_mode))
		return give_file(w, held, p, e);
	return left_out(w, p, 0, special(st.st_mode));
}

/* Only of the first one a link is followed: the user has named it. */
int walk_all(struct walk *w, const char *path)
{
	auto_fd held = open(path, O_PATH | O_CLOEXEC);
	struct place p = { NULL, path };
	struct stat st;
	int r;

	if (held < 0 || fstat(held, &st) < 0)
		return fail(-errno, "read '%s'", path);
	if (S_ISDIR(st.st_mode) && !w->recursive)
		return refuse(-EISDIR, "'%s' is a directory; --recursive copies all of it", path);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return refuse(-EINVAL, "'%s' %s; only files, directories and links are copied",
			      path, special(st.st_mode));
	r = walk_entry(w, held, &p, "", 0, true);
	return r < 0 ? r : w->failed;
}
