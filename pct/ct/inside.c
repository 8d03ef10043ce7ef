// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/inside.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/base.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"

#define PATIENCE_MS 5000

/* A privileged container has the host's users: there is none to be entered then. */
static bool same_users(pid_t init)
{
	auto_free char *path = text_of("/proc/%d/ns/user", (int)init);
	char ours[64] = "", theirs[64] = "";

	return readlink("/proc/self/ns/user", ours, sizeof(ours) - 1) > 0 &&
	       readlink(path, theirs, sizeof(theirs) - 1) > 0 && strcmp(ours, theirs) == 0;
}

/* Its root directory is not that of its mount namespace's first process if it chose another. */
static int enter(int pidfd, pid_t init, int flags)
{
	auto_free char *path = text_of("/proc/%d/root", (int)init);
	auto_fd root = flags & CLONE_NEWNS ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;

	if ((flags & CLONE_NEWNS) && root < 0)
		return -errno;
	if ((flags & CLONE_NEWUSER) && same_users(init))
		flags &= ~CLONE_NEWUSER;
	/* The pidfd was alive before and is now: the number was not given to somebody else. */
	if (setns(pidfd, flags) < 0)
		return -errno;
	if (root >= 0 && (fchdir(root) < 0 || chroot(".") < 0))
		return -errno;
	if ((flags & CLONE_NEWUSER) &&
	    (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return -errno;
	return 0;
}

static void child(int to, int pidfd, pid_t init, int flags,
		  int (*work)(const void *, struct inside *), const void *arg)
{
	struct inside said = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	said.result = enter(pidfd, init, flags);
	if (said.result == 0)
		said.result = work(arg, &said);
	_exit(send(to, &said, sizeof(said), MSG_NOSIGNAL) != sizeof(said));
}

static int hear(int from, struct inside *out)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	struct inside said = { 0 };
	int r = poll(&p, 1, PATIENCE_MS);

	if (r == 0)
		return -ETIMEDOUT;
	if (r < 0)
		return -errno;
	if (recv(from, &said, sizeof(said), 0) != sizeof(said))
		return -EPIPE;
	said.why[sizeof(said.why) - 1] = '\0';
	*out = said;
	return said.result;
}

int inside_run(unsigned vmid, pid_t init, int flags,
	       int (*work)(const void *arg, struct inside *out), const void *arg,
	       struct inside *out)
{
	auto_fd pidfd = (int)syscall(SYS_pidfd_open, init, 0);
	auto_fd ours = -EBADF, theirs = -EBADF;
	int ends[2], r;
	pid_t pid, now;

	if (pidfd < 0)
		return -errno;
	/* Still its number, so the pidfd is of nobody who was given it since. */
	if (ct_init(vmid, &now) < 0 || now != init)
		return -ESRCH;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	ours = ends[0];
	theirs = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(theirs, pidfd, init, flags, work, arg);
	close_fd(&theirs);
	r = hear(ours, out);
	kill(pid, SIGKILL);
	/* One that hangs in the kernel is left there. */
	while (waitpid(pid, NULL, r == -ETIMEDOUT ? WNOHANG : 0) < 0 && errno == EINTR)
		;
	return r;
}
