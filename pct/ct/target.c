// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "pct/ct/target.h"

void spot_close(struct spot *s)
{
	close_fd(&s->dir);
	close_fd(&s->fd);
}

static int step(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH,
	};
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int make_one(int dir, const char *name, bool directory)
{
	auto_fd fd = -EBADF;

	if (directory)
		return mkdirat(dir, name, 0755) < 0 ? -errno : 0;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : 0;
}

/* It, or what was made; who loses against somebody else who makes it takes that. */
static int step_or_make(int dir, const char *name, bool directory, bool *made)
{
	int fd = step(dir, name), r;

	if (fd != -ENOENT)
		return fd;
	r = make_one(dir, name, directory);
	*made = r == 0;
	return r < 0 && r != -EEXIST ? r : step(dir, name);
}

static int check_kind(int fd, bool directory)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* With O_PATH a link is opened itself, should the kernel not refuse it. */
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	return S_ISDIR(st.st_mode) == directory ? 0 : directory ? -ENOTDIR : -EISDIR;
}

int spot_find(int root, const char *path, bool directory, bool make, struct spot *out)
{
	auto_spot s = SPOT_NONE;
	char name[NAME_MAX + 1];
	bool last = false;
	int r = 0;

	s.dir = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s.dir < 0)
		return -errno;
	while (r == 0 && !last) {
		size_t n;

		path += strspn(path, "/");
		n = strcspn(path, "/");
		last = path[n + strspn(path + n, "/")] == '\0';
		if (n == 0 || n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, n);
		name[n] = '\0';
		s.name = path;
		path += n;
		s.made = false;
		s.fd = make ? step_or_make(s.dir, name, directory || !last, &s.made)
			    : step(s.dir, name);
		r = s.fd < 0 ? s.fd : check_kind(s.fd, directory || !last);
		if (r == 0 && !last) {
			close_fd(&s.dir);
			s.dir = take_fd(&s.fd);
		}
	}
	if (r < 0)
		return r;
	*out = s;
	s = (struct spot)SPOT_NONE;
	return 0;
}

/* Of a hostile container: no pipe is waited for, no file outside it is read. */
int spot_read(int root, const char *path, char *text, size_t size)
{
	struct open_how how = { .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	auto_fd fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	struct stat st;
	size_t have = 0;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	while (n > 0 && have < size) {
		n = read(fd, text + have, size - have);
		have += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? -errno : 0;
}
