// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/base.h"
#include "procfs/reader.h"

#define FILES_MAX 4096	     /* of a process: with more than that there is doubt */
#define LOOK_NS	  2000000ull /* for looking at them: a process can make that slow */

static ssize_t read_text(int dir, const char *name, char *buf, size_t size)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n;
}

static int open_fdinfo(const struct cgv_host *h, pid_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "%d/fdinfo", pid);
	return openat(h->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool number_after(const char *text, const char *key, uint64_t *out)
{
	const char *at = strstr(text, key);

	return at && sscanf(at + strlen(key), "%lu", out) == 1;
}

/* Where an open file is, if it is one of @ino. */
static bool read_position(int dir, const char *name, uint64_t ino, uint64_t *pos)
{
	char buf[1024];
	uint64_t its;

	return read_text(dir, name, buf, sizeof(buf)) > 0 && number_after(buf, "pos:", pos) &&
	       number_after(buf, "ino:", &its) && its == ino;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * CGV_NSEC + (uint64_t)t.tv_nsec;
}

struct positions {
	bool any, start, between; /* some reader is there */
};

static bool find_all(const struct cgv_host *h, pid_t pid, uint64_t ino, uint64_t len,
		     struct positions *out)
{
	int fd = open_fdinfo(h, pid);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	unsigned files = 0;
	struct dirent *e;
	uint64_t pos, until = now() + LOOK_NS;
	bool in_time = true;

	*out = (struct positions){ 0 };
	if (!d) {
		close_fd(&fd);
		return false;
	}
	while (files < FILES_MAX && in_time && (e = readdir(d))) {
		files++;
		in_time = now() < until;
		if (*e->d_name == '.' || !read_position(dirfd(d), e->d_name, ino, &pos))
			continue;
		out->any = true;
		out->start |= pos == 0;
		out->between |= pos > 0 && pos < len;
	}
	closedir(d);
	return files < FILES_MAX && in_time;
}

/*
 * "17 0x3 0x7ffd… 0x1000 0x0 …": the call it waits in. pread(2) brings its place along, the
 * others go by the file's. False: a call of another kind, or of another architecture.
 */
static bool place_of_call(const struct cgv_host *h, pid_t pid, uint64_t ino, uint64_t *out)
{
	auto_fd dir = -EBADF;
	char name[32], buf[256];
	uint64_t arg[4];
	long nr;

	snprintf(name, sizeof(name), "%d/syscall", pid);
	if (read_text(h->proc, name, buf, sizeof(buf)) < 1 ||
	    sscanf(buf, "%ld %lx %lx %lx %lx", &nr, &arg[0], &arg[1], &arg[2], &arg[3]) != 5)
		return false;
	*out = arg[3];
	if (nr == SYS_pread64 || nr == SYS_preadv || (nr == SYS_preadv2 && arg[3] != UINT64_MAX))
		return true;
	if (nr != SYS_read && nr != SYS_readv && nr != SYS_preadv2)
		return false;
	dir = open_fdinfo(h, pid);
	snprintf(name, sizeof(name), "%lu", arg[0]);
	return dir >= 0 && read_position(dir, name, ino, out);
}

bool reader_at_start(const struct cgv_host *h, pid_t pid, uint64_t ino, uint64_t len)
{
	struct positions p;
	uint64_t place;

	if (pid < 1)
		return false;
	if (place_of_call(h, pid, ino, &place))
		return place == 0;
	return find_all(h, pid, ino, len, &p) && p.start && !p.between;
}

/* What it does in the kernel, if that is where it is, is not to be known then. */
static bool is_running(const struct cgv_host *h, pid_t pid)
{
	char name[32], buf[256];

	snprintf(name, sizeof(name), "%d/syscall", pid);
	return read_text(h->proc, name, buf, sizeof(buf)) > 0 &&
	       strncmp(buf, "running", strlen("running")) == 0;
}

bool reader_at_rest(const struct cgv_host *h, pid_t pid, uint64_t ino, uint64_t len)
{
	struct positions p;

	/* One at the start can have its first piece by now, with the position yet to follow. */
	return pid > 0 && find_all(h, pid, ino, len, &p) && p.any && !p.between &&
	       !(p.start && is_running(h, pid));
}
