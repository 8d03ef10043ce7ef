// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/guest/seat.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "pct/paths.h"

#define LINKS 8
#define TRIES 10000

int within_open(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	/* With O_PATH nothing else is taken; without, nothing is waited for. */
	if (!(flags & O_PATH))
		how.flags |= O_NONBLOCK | O_NOCTTY;
	if (flags & O_CREAT)
		how.mode = 0600;
	/* "Try again": a link led upwards, and meanwhile something was renamed, wherever. */
	for (int i = 0; i < TRIES && fd < 0; i++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN)
			return -errno;
	}
	return fd < 0 ? -errno : fd;
}

/* @path is cut into its directory and its name. */
static int split(const char *path, char dir[PATH_MAX], char name[NAME_MAX + 1])
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;

	if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return -EISDIR;
	if (strlen(last) > NAME_MAX || strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(dir, PATH_MAX, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (!*dir)
		strcpy(dir, "/");
	strcpy(name, last);
	return 0;
}

int seat_find(const struct files *f, const char *path, unsigned flags, struct seat *out)
{
	char at[PATH_MAX], dir[PATH_MAX], to[PATH_MAX];
	auto_seat s = SEAT_NONE;

	snprintf(at, sizeof(at), "%s", path);
	for (int i = 0; i < LINKS; i++) {
		int r = split(at, dir, s.name);
		ssize_t n;

		if (r < 0)
			return r;
		close_fd(&s.dir);
		s.dir = within_open(f->root, dir, O_PATH | O_DIRECTORY);
		if (s.dir < 0) {
			r = s.dir;
			s.dir = -EBADF;
			if (r != -ENOENT || !(flags & SEAT_MAKE))
				return r;
			/* What a link names is not ours to make. */
			if (i > 0)
				return -ELOOP;
		}
		n = s.dir < 0 || flags & SEAT_LINK ? -1
						   : readlinkat(s.dir, s.name, to, sizeof(to) - 1);
		if (n < 0) {
			memcpy(out->name, s.name, sizeof(s.name));
			out->dir = take_fd(&s.dir);
			return 0;
		}
		to[n] = '\0';
		if ((size_t)snprintf(at, sizeof(at), "%s%s%s", *to == '/' ? "" : dir,
				     *to == '/' ? "" : "/", to) >= sizeof(at))
			return -ENAMETOOLONG;
	}
	return -ELOOP;
}

/* A directory in @at, made if need be, with the root's owner. */
static int enter(const struct files *f, int at, const char *path, const char *name)
{
	int fd = within_open(f->root, path, O_PATH | O_DIRECTORY);
	struct stat st;

	if (fd != -ENOENT)
		return fd;
	if (mkdirat(at, name, 0755) < 0)
		return -errno;
	/* No path of it again: whoever may write there could have another in its place. */
	fd = within_open(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 ||
	    ((st.st_uid != f->uid || st.st_gid != f->gid) && fchown(fd, f->uid, f->gid) < 0) ||
	    fchmod(fd, 0755) < 0) {
		int r = -errno;

		close_fd(&fd);
		return r;
	}
	return fd;
}

int seat_make(const struct files *f, const char *path, struct seat *s)
{
	auto_fd at = -EBADF;

	if (s->dir >= 0)
		return 0;
	at = within_open(f->root, ".", O_PATH | O_DIRECTORY);
	for (const char *slash = strchr(path, '/'); at >= 0 && slash;
	     slash = strchr(slash + 1, '/')) {
		auto_free char *dir = text_of("%.*s", (int)(slash - path), path);
		char *last = strrchr(dir, '/');
		int next = enter(f, at, dir, last ? last + 1 : dir);

		close_fd(&at);
		at = next;
	}
	if (at < 0)
		return at;
	s->dir = take_fd(&at);
	return 0;
}

bool seat_ignored(const struct seat *s)
{
	static const char *const before[] = { "pve", "pct" };

	for (size_t i = 0; s->dir >= 0 && i < ARRAY_LEN(before); i++) {
		auto_free char *mark = text_of(".%s-ignore.%s", before[i], s->name);

		if (faccessat(s->dir, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}
