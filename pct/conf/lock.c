// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/*
 * Who works on it, and who waits for it to end, is told by record locks (fcntl) beside the lock
 * proper (flock): the kernel knows their pids, and forgets them with their processes.
 */
enum { HOLDER, ENDING };

static int record(int fd, int command, short type, off_t which, pid_t *who)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = which, .l_len = 1 };

	if (fcntl(fd, command, &l) < 0)
		return -errno;
	if (who)
		*who = l.l_type == F_UNLCK ? 0 : l.l_pid;
	return 0;
}

static pid_t who_has(int fd, off_t which)
{
	pid_t who = 0;

	return record(fd, F_GETLK, F_WRLCK, which, &who) < 0 ? 0 : who;
}

/* "pid 4711, pct start": no more of its words, which may be anything. Empty: not known. */
static char *name_holder(const char *path)
{
	auto_fd lock = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	pid_t who = lock < 0 ? 0 : who_has(lock, HOLDER);
	auto_free char *file = text_of("/proc/%d/cmdline", (int)who);
	auto_fd fd = who > 0 ? open(file, O_RDONLY | O_CLOEXEC) : -EBADF;
	char words[256];
	const char *name, *slash;
	ssize_t n = fd < 0 ? 0 : read(fd, words, sizeof(words) - 2);

	if (n <= 0)
		return text_of("%s", "");
	words[n] = words[n + 1] = '\0';
	slash = strrchr(words, '/');
	name = slash ? slash + 1 : words;
	return text_of(" (pid %d, %s %.20s)", (int)who, name, words + strlen(words) + 1);
}

/* Take the flock of @path within @seconds. */
static int wait_for(unsigned vmid, const char *path, int seconds, int (*take)(const char *, int *),
		    int *fd)
{
	const struct timespec pause = { .tv_nsec = POLL_NS };
	long left = seconds * (1000000000L / POLL_NS);
	auto_free char *holder = NULL;
	int r;

	while ((r = take(path, fd)) == -EAGAIN && left-- > 0) {
		if (!holder) {
			holder = name_holder(path);
			info("waiting for another pct that is working on CT %u%s", vmid, holder);
		}
		nanosleep(&pause, NULL);
	}
	if (r == -EAGAIN) {
		free(holder);
		holder = name_holder(path);
		return refuse(-EBUSY,
			      "another pct is still working on CT %u after %d s%s; "
			      "try again when it is done",
			      vmid, seconds, holder);
	}
	if (r < 0)
		return r == -ESTALE ? r : fail(r, "lock CT %u, '%s'", vmid, path);
	(void)record(*fd, F_SETLK, F_WRLCK, HOLDER, NULL);
	return 0;
}

int lock_take(unsigned vmid, int seconds, struct lock *out)
{
	auto_free char *folder = path_to("run/pct/lock");
	auto_free char *path = lock_path(vmid);
	int r, fd = -EBADF;

	r = paths_make(folder, 0755);
	if (r == 0)
		r = wait_for(vmid, path, seconds, try, &fd);
	if (r == 0)
		*out = (struct lock){ .fd = fd, .vmid = vmid, .held = true };
	return r;
}

void lock_release(struct lock *l)
{
	if (l->fd < 0)
		return;
	/* No file is left behind for a container that is gone, or never came to be. */
	if (l->held && !conf_exists(l->vmid)) {
		auto_free char *path = lock_path(l->vmid);
		auto_free char *temp = path_to("etc/pct/lxc/.%u.conf.new", l->vmid);

		/* What a first save that was killed has left. */
		unlink(temp);
		unlink(path);
	}
	close(l->fd);
	l->fd = -EBADF;
}

int lock_await_end(struct lock *l)
{
	int r = record(l->fd, F_SETLK, F_RDLCK, ENDING, NULL);

	return r < 0 ? fail(r, "note that CT %u is to end", l->vmid) : 0;
}

void lock_leave(struct lock *l)
{
	(void)record(l->fd, F_SETLK, F_UNLCK, HOLDER, NULL);
	(void)flock(l->fd, LOCK_UN);
	l->held = false;
}

/* The same file, or what has come in its place. */
static int take_again(const char *path, int *fd)
{
	if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return is_current(*fd, path) ? 0 : -ESTALE;
}

int lock_again(struct lock *l, int seconds)
{
	auto_free char *path = lock_path(l->vmid);
	int r =
	    conf_exists(l->vmid) ? wait_for(l->vmid, path, seconds, take_again, &l->fd) : -ENOENT;

	l->held = r == 0;
	return r;
}

bool lock_is_ending(const struct lock *l)
{
	return who_has(l->fd, ENDING) > 0;
}

void lock_overrule(unsigned vmid)
{
	auto_free char *path = lock_path(vmid);
	auto_fd fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	pid_t who = fd < 0 ? 0 : who_has(fd, ENDING);
	auto_fd process = who > 0 ? (int)syscall(SYS_pidfd_open, who, 0) : -EBADF;

	/* Still that one: its number has not become another's. */
	if (process < 0 || who_has(fd, ENDING) != who)
		return;
	if (syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0) == 0)
		info("CT %u: its shutdown (pid %d) is given up", vmid, (int)who);
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
