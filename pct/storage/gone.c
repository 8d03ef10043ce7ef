// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/storage/gone.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/subvolume.h"

#define WAIT_MS	  50 /* for what is removed at once, as nearly all is */
#define NAMES_MAX 10000

static char *directory(const char *images)
{
	return text_of("%s/.gone", images);
}

static bool is_name(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* Who moves one in there looks again if its directory is gone by then. */
static void sweep_one(const char *dir)
{
	DIR *entries = opendir(dir);
	struct dirent *e;

	while (entries && (e = readdir(entries))) {
		auto_free char *one = text_of("%s/%s", dir, e->d_name);

		if (is_name(e))
			(void)subvolume_destroy(one);
	}
	if (entries)
		closedir(entries);
	if (step("volume: remove a directory of images/.gone") == 0)
		(void)rmdir(dir);
}

/* What comes in while we are at it comes with a process of its own, which waits for the lock. */
static _Noreturn void sweep(const char *images)
{
	auto_free char *path = directory(images);
	struct dirent *e;
	DIR *dir;

	setsid();
	prctl(PR_SET_NAME, "pct-sweep");
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	/* Nobody's locks, and nobody's pipe, is to be held for that. */
	(void)close_range(0, ~0u, 0);
	(void)open("/dev/null", O_RDWR);
	(void)dup(0);
	(void)dup(0);
	dir = opendir(path);
	if (!dir || flock(dirfd(dir), LOCK_EX) < 0)
		_exit(1);
	while ((e = readdir(dir))) {
		auto_free char *one = text_of("%s/%s", path, e->d_name);

		if (is_name(e))
			sweep_one(one);
	}
	_exit(0);
}

static void begin_sweep(const char *images)
{
	struct pollfd done = { .events = POLLIN };
	pid_t pid = fork();

	if (pid == 0)
		sweep(images);
	if (pid < 0)
		return;
	done.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (done.fd >= 0 && poll(&done, 1, WAIT_MS) > 0)
		(void)waitpid(pid, NULL, 0);
	close_fd(&done.fd);
}

void gone_sweep(const char *images)
{
	auto_free char *path = directory(images);
	DIR *dir = opendir(path);
	struct dirent *e;
	bool any = false;

	while (dir && !any && (e = readdir(dir)))
		any = is_name(e);
	if (dir)
		closedir(dir);
	if (any)
		begin_sweep(images);
}

/* Each in a directory of its own: that of one that is being removed is locked all the while. */
static int move_aside(const char *all, const char *path)
{
	for (unsigned n = 0; n < NAMES_MAX; n++) {
		auto_free char *dir = text_of("%s/%u", all, n);
		auto_free char *to = text_of("%s%s", dir, strrchr(path, '/'));

		if (step("volume: a directory in images/.gone") < 0)
			return -errno;
		if (mkdir(dir, 0700) < 0) {
			if (errno != EEXIST)
				return -errno;
			continue;
		}
		if (step("volume: move what it was aside") < 0)
			return -errno;
		if (rename(path, to) == 0)
			return 0;
		if (errno != ENOENT)
			return -errno;
	}
	return -EEXIST;
}

int gone_put(const char *images, const char *path)
{
	auto_free char *dir = directory(images);
	int r;

	if (access(path, F_OK) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (step("volume: make images/.gone") < 0 || (mkdir(dir, 0700) < 0 && errno != EEXIST))
		return -errno;
	r = move_aside(dir, path);
	if (r == 0)
		gone_sweep(images);
	return r;
}
