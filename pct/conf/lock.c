// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/say.h"
#include "pct/conf/store.h"
#include "pct/paths.h"

#define POLL_NS 20000000L

static char *lock_path(unsigned vmid)
{
	return path_to("run/pct/lock/%u.lock", vmid);
}

/* Somebody may have unlinked the file between our open and our flock: then it locks nothing. */
static bool is_current(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev;
}

/* 0 and the fd in @out, -EAGAIN, or what open and flock say. */
static int try(const char *path, int *out)
{
	for (;;) {
		auto_fd fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			return -errno;
		if (!is_current(fd, path))
			continue;
		*out = take_fd(&fd);
		return 0;
	}
}

int lock_take(unsigned vmid, int seconds, struct lock *out)
{
	auto_free char *folder = path_to("run/pct/lock");
	auto_free char *path = lock_path(vmid);
	const struct timespec pause = { .tv_nsec = POLL_NS };
	long left = seconds * (1000000000L / POLL_NS);
	bool told = false;
	int r, fd = -EBADF;

	r = paths_make(folder, 0755);
	if (r < 0)
		return r;
	while ((r = try(path, &fd)) == -EAGAIN && left-- > 0) {
		if (!told)
			info("waiting for another pct that is working on CT %u", vmid);
		told = true;
		nanosleep(&pause, NULL);
	}
	if (r == -EAGAIN)
		return refuse(-EBUSY,
			      "another pct is still working on CT %u after %d s; "
			      "try again when it is done ('fuser %s' names it)",
			      vmid, seconds, path);
	if (r < 0)
		return fail(r, "lock CT %u, '%s'", vmid, path);
	*out = (struct lock){ .fd = fd, .vmid = vmid };
	return 0;
}

void lock_release(struct lock *l)
{
	if (l->fd < 0)
		return;
	/* No file is left behind for a container that is gone, or never came to be. */
	if (!conf_exists(l->vmid)) {
		auto_free char *path = lock_path(l->vmid);

		unlink(path);
	}
	close(l->fd);
	l->fd = -EBADF;
}

void lock_set_stopped(const struct lock *l, bool stopped)
{
	if (ftruncate(l->fd, stopped) < 0)
		warn(-errno, "note that CT %u is to %s", l->vmid, stopped ? "stay stopped" : "run");
}

bool lock_is_stopped(const struct lock *l)
{
	struct stat st;

	return fstat(l->fd, &st) == 0 && st.st_size > 0;
}
