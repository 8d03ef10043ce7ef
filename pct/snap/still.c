// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/snap/still.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"
#include "pct/step.h"

/* Beside our process and its guard this is what says that it was us. */
static char *note_path(unsigned vmid)
{
	return path_to("run/pct/still/%u", vmid);
}

static void forget(unsigned vmid)
{
	auto_free char *path = note_path(vmid);

	/* no step: it goes on already */
	(void)unlink(path);
}

int still_mend(unsigned vmid)
{
	auto_free char *path = note_path(vmid);
	int r = 0;

	if (access(path, F_OK) < 0)
		return 0;
	if (ct_running(vmid) && cgroups_frozen(vmid)) {
		info("CT %u stood still for a snapshot that was killed: it goes on", vmid);
		r = step("let it go on after a kill");
		if (r == 0)
			r = cgroups_thaw(vmid);
	}
	if (r == 0)
		forget(vmid);
	return r < 0 ? fail(r, "thaw CT %u; 'pct resume %u' does", vmid, vmid) : 0;
}

/* Until it is told that all is well, or nobody is there to tell it. */
static void guard(unsigned vmid, int gate)
{
	char word;
	ssize_t n;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	do
		n = read(gate, &word, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0 && cgroups_thaw(vmid) == 0)
		forget(vmid);
	_exit(0);
}

int still_begin(unsigned vmid, struct still *s)
{
	auto_free char *path = note_path(vmid);
	int ends[2], r;

	*s = (struct still)STILL_NONE;
	if (!ct_running(vmid) || cgroups_frozen(vmid))
		return 0;
	r = paths_note(path);
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(-errno, "make a pipe");
	s->vmid = vmid;
	s->gate = ends[1];
	s->guard = fork();
	if (s->guard == 0) {
		close(ends[1]);
		guard(vmid, ends[0]);
	}
	close(ends[0]);
	if (s->guard < 0) {
		s->guard = 0;
		close_fd(&s->gate);
		return fail(-errno, "fork");
	}
	clock_gettime(CLOCK_MONOTONIC, &s->since);
	r = step("freeze it");
	if (r == 0)
		r = cgroups_freeze(vmid);
	if (r < 0) {
		(void)still_end(s);
		return fail(r, "freeze CT %u", vmid);
	}
	return 0;
}

double still_end(struct still *s)
{
	struct timespec now;
	pid_t pid = s->guard;
	int r;

	if (pid == 0)
		return -1;
	s->guard = 0;
	(void)step("let it go on");
	r = cgroups_thaw(s->vmid);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (r < 0)
		say(SAY_ERR, r, "thaw CT %u; 'pct resume %u' does", s->vmid, s->vmid);
	else
		forget(s->vmid);
	if (write(s->gate, "", 1) < 0)
		kill(pid, SIGKILL);
	close_fd(&s->gate);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return (double)(now.tv_sec - s->since.tv_sec) * 1e3 +
	       (double)(now.tv_nsec - s->since.tv_nsec) / 1e6;
}

/* What lies in the journal of an XFS only is nowhere else after syncfs(). */
static void empty_journal(int fd, dev_t own)
{
	struct stat st;

	/* A container can mount what it likes over its volume: nothing else is ever frozen. */
	if (fstat(fd, &st) == 0 && st.st_dev == own && step("snapshot: empty a journal") == 0 &&
	    ioctl(fd, FIFREEZE, 0) == 0)
		(void)ioctl(fd, FITHAW, 0);
}

static _Noreturn void sync_each(pid_t init, const struct still_place *places)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	auto_free char *name = text_of("/proc/%d/root", (int)init);
	int root;

	/* A file system that hangs holds no lock of ours. */
	(void)close_range(3, ~0u, 0);
	root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (; root >= 0 && places->path; places++) {
		int fd = (int)syscall(SYS_openat2, root, places->path, &how, sizeof(how));

		/* Not there any more: its volume has nothing of it to write either. */
		if (fd >= 0 && syncfs(fd) == 0 && places->own)
			empty_journal(fd, places->own);
		close_fd(&fd);
	}
	_exit(0);
}

int still_sync(unsigned vmid, const struct still_place *places, int seconds)
{
	struct pollfd p = { .events = POLLIN };
	pid_t init, pid;
	int r;

	if (!places->path || ct_init(vmid, &init) < 0)
		return 0;
	pid = fork();
	if (pid == 0)
		sync_each(init, places);
	if (pid < 0)
		return -errno;
	p.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	do
		r = p.fd < 0 ? 0 : poll(&p, 1, seconds * 1000);
	while (r < 0 && errno == EINTR);
	/* It is not killed: a file system that it has frozen it lets go, too. */
	(void)waitpid(pid, NULL, r == 0 ? WNOHANG : 0);
	close_fd(&p.fd);
	return r == 0 ? -ETIMEDOUT : 0;
}
