// SPDX-License-Identifier: LGPL-2.1-or-later
// Steps: take_entry() has one for each entry.
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/base.h"
#include "pct/root/put.h"
#include "pct/root/tree.h"

#define TIMES_MAX (64u << 20)
#define TRIES	  100

/* A directory below the root; "": itself. */
static int open_dir(const struct put *p, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS |
			   (p->layered ? RESOLVE_IN_ROOT : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS),
	};
	int fd = -1;

	/* "Try again": something was renamed meanwhile, wherever that was. */
	for (int i = 0; i < TRIES && fd < 0; i++) {
		fd = (int)syscall(SYS_openat2, p->root, *name ? name : ".", &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN)
			return -errno;
	}
	return fd < 0 ? -EAGAIN : fd;
}

static void forget_parent(struct put *p)
{
	close_fd(&p->parent);
	free(p->parent_name);
	p->parent_name = NULL;
}

/* One that no entry of the archive's has told of before. */
static int make_dir(struct put *p, const char *name, int *out);

static int open_or_make(struct put *p, const char *name, int *out)
{
	int fd = open_dir(p, name);

	if (fd == -ENOENT)
		return make_dir(p, name, out);
	if (fd < 0)
		return fd;
	*out = fd;
	return 0;
}

/* "a/b" of "a/b/c", "" of "c": malloc'ed. */
static char *dir_of(const char *name, const char **base)
{
	const char *slash = strrchr(name, '/');

	*base = slash ? slash + 1 : name;
	return strndup(name, slash ? (size_t)(slash - name) : 0);
}

static int make_dir(struct put *p, const char *name, int *out)
{
	const char *base;
	auto_free char *above = dir_of(name, &base);
	auto_fd dir = -EBADF;
	int r = above ? open_or_make(p, above, &dir) : -ENOMEM;

	if (r < 0)
		return r;
	if (mkdirat(dir, base, 0755) < 0 ||
	    fchownat(dir, base, p->owner, p->owner, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == EEXIST ? -ELOOP : -errno;
	*out = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *out < 0 ? -errno : 0;
}

int put_parent(struct put *p, const char *name, int *dir, const char **base)
{
	auto_free char *above = dir_of(name, base);
	int fd, r;

	if (!above)
		return -ENOMEM;
	if (!p->parent_name || strcmp(p->parent_name, above) != 0) {
		r = open_or_make(p, above, &fd);
		if (r < 0)
			return r;
		forget_parent(p);
		p->parent = fd;
		p->parent_name = take_ptr(above);
	}
	*dir = p->parent;
	return 0;
}

/* A directory goes only for a layer. */
static int make_room(struct put *p, int dir, const char *base)
{
	if (unlinkat(dir, base, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	/* A new ext4 is not quite empty. */
	if (strcmp(base, "lost+found") == 0 && unlinkat(dir, base, AT_REMOVEDIR) == 0)
		return 0;
	if (!p->layered)
		return -EISDIR;
	forget_parent(p);
	return -EAGAIN;
}

static int make_subdir(int dir, const char *base)
{
	struct stat st;

	if (mkdirat(dir, base, 0700) == 0)
		return 0;
	if (errno != EEXIST || fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return 0;
	return unlinkat(dir, base, 0) < 0 || mkdirat(dir, base, 0700) < 0 ? -errno : 0;
}

static int make_symlink(struct archive_entry *e, int dir, const char *base)
{
	const char *to = archive_entry_symlink(e);

	to = to ? to : archive_entry_symlink_utf8(e);
	return !to || !*to ? -EINVAL : symlinkat(to, dir, base) < 0 ? -errno : 0;
}

static int make_one(struct put *p, struct archive_entry *e, int dir, const char *base, int *file)
{
	mode_t type = archive_entry_filetype(e);
	int r;

	if (type == AE_IFDIR)
		return make_subdir(dir, base);
	r = make_room(p, dir, base);
	if (r < 0)
		return r;
	if (type == AE_IFLNK)
		return make_symlink(e, dir, base);
	if (type != AE_IFREG)
		return mknodat(dir, base, type | 0600, archive_entry_rdev(e)) < 0 ? -errno : 0;
	*file = openat(dir, base, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *file < 0 ? -errno : 0;
}

int put_node(struct put *p, struct archive_entry *e, const char *name, int *file)
{
	const char *base;
	int dir, r;

	if (!*name)
		return 0;
	for (int i = 0; i < 2; i++) {
		r = put_parent(p, name, &dir, &base);
		if (r == 0)
			r = make_one(p, e, dir, base, file);
		if (r != -EAGAIN)
			return r;
		r = put_remove(p, name);
		if (r < 0)
			return r;
	}
	return -EAGAIN;
}

int put_hardlink(struct put *p, const char *name, const char *to)
{
	const char *base, *to_base;
	auto_free char *above = dir_of(to, &to_base);
	auto_fd from = above ? open_dir(p, above) : -ENOMEM;
	struct stat st, there;
	int dir, r;

	if (from < 0)
		return from;
	if (fstatat(from, to_base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	for (int i = 0; i < 2; i++) {
		r = put_parent(p, name, &dir, &base);
		if (r < 0)
			return r;
		if (fstatat(dir, base, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    there.st_ino == st.st_ino && there.st_dev == st.st_dev)
			return 0;
		r = make_room(p, dir, base);
		if (r == 0)
			return linkat(from, to_base, dir, base, 0) < 0 ? -errno : 0;
		if (r == -EAGAIN)
			r = put_remove(p, name);
		if (r < 0)
			return r;
	}
	return -EAGAIN;
}

/* ---- times of directories ---- */

/* Each is a struct timespec and a name with its NUL. */
void put_time_later(struct put *p, const char *name, const struct timespec *when)
{
	size_t n = sizeof(*when) + strlen(name) + 1;
	size_t room = MAX(p->room * 2, (size_t)1 << 16);
	char *more;

	if (p->n_names + n > p->room) {
		more = room > TIMES_MAX ? NULL : realloc(p->names, room);
		if (!more) {
			p->untimed = true;
			return;
		}
		p->names = more;
		p->room = room;
	}
	memcpy(p->names + p->n_names, when, sizeof(*when));
	memcpy(p->names + p->n_names + sizeof(*when), name, n - sizeof(*when));
	p->n_names += n;
}

void put_close(struct put *p)
{
	for (size_t i = 0; i < p->n_names;) {
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
		const char *name = p->names + i + sizeof(times[1]);
		auto_fd dir = open_dir(p, name);

		memcpy(&times[1], p->names + i, sizeof(times[1]));
		if (dir >= 0)
			(void)futimens(dir, times);
		i += sizeof(times[1]) + strlen(name) + 1;
	}
	forget_parent(p);
	free(p->names);
	p->names = NULL;
	p->n_names = p->room = 0;
}

/* ---- what a layer takes away ---- */

int put_remove(struct put *p, const char *name)
{
	const char *base;
	auto_free char *above = dir_of(name, &base);
	auto_fd dir = above ? open_dir(p, above) : -ENOMEM;

	forget_parent(p);
	if (dir < 0)
		return dir == -ENOENT || dir == -ENOTDIR ? 0 : dir;
	return tree_remove_at(dir, base, above);
}

int put_remove_below(struct put *p, const char *name, bool (*keep)(void *arg, const char *name),
		     void *arg)
{
	auto_free char **names = NULL;
	auto_fd fd = open_dir(p, name);
	size_t n = 0;
	int r = fd < 0 ? fd : tree_names(fd, &names, &n);

	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? 0 : r;
	forget_parent(p);
	for (size_t i = 0; i < n; i++) {
		auto_free char *below = NULL;
		struct stat st;

		if (r == 0 && asprintf(&below, "%s%s%s", name, *name ? "/" : "", names[i]) < 0)
			r = -ENOMEM;
		if (r == 0 && !keep(arg, below))
			r = tree_remove_at(fd, names[i], name);
		else if (r == 0 && fstatat(fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			 S_ISDIR(st.st_mode))
			r = put_remove_below(p, below, keep, arg);
		free(names[i]);
	}
	return r;
}
