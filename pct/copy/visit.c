// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <grp.h>
#include <lxc/lxccontainer.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/copy/copy.h"
#include "pct/ct/lxc.h"
#include "pct/interrupt.h"

#define PATIENCE_MS 2000

/* That of a privileged container is our own, which cannot be entered once more. */
static int enter(int init)
{
	if (setns(init, CLONE_NEWUSER | CLONE_NEWNS) < 0 &&
	    (errno != EINVAL || setns(init, CLONE_NEWNS) < 0))
		return -errno;
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ||
	    chdir("/") < 0)
		return -errno;
	return 0;
}

/* In the child. */
static int visit(const struct visit *v, int (*run)(int sock, int fds, void *with), void *with)
{
	int fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fds < 0 ? -errno : enter(v->init);

	if (r < 0)
		return fail(r, "enter the files of CT %u", v->vmid), EXIT_FAILURE;
	/* What is half done is undone also when nobody waits for it any more. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return run(v->sock, fds, with);
}

static int open_init(unsigned vmid, int *out)
{
	auto_container *c = NULL;
	int fd, r = ct_open(vmid, &c);

	if (r < 0)
		return r;
	fd = c->init_pidfd(c);
	if (fd < 0)
		return refuse(-ESRCH, "CT %u does not run; 'pct start %u' starts it", vmid, vmid);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	*out = fd;
	return 0;
}

int visit_begin(unsigned vmid, int (*run)(int sock, int fds, void *with), void *with,
		struct visit *out)
{
	struct visit v = { .vmid = vmid };
	auto_fd init = -EBADF, ours = -EBADF, theirs = -EBADF;
	int ends[2], r = open_init(vmid, &init);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(-errno, "enter the files of CT %u", vmid);
	ours = ends[0];
	theirs = ends[1];
	interrupt_catch();
	fflush(NULL);
	v.init = init;
	v.pid = fork();
	if (v.pid < 0)
		return fail(-errno, "enter the files of CT %u", vmid);
	if (v.pid == 0) {
		v.sock = theirs;
		close_fd(&ours);
		_exit(visit(&v, run, with));
	}
	v.init = take_fd(&init);
	v.sock = take_fd(&ours);
	*out = v;
	return 0;
}

int visit_recv(struct visit *v, struct copy_entry *e, int *fd)
{
	struct pollfd p[] = { { .fd = v->sock, .events = POLLIN },
			      { .fd = v->init, .events = POLLIN } };
	int r;

	for (;;) {
		if (interrupted())
			return refuse(-EINTR, "interrupted; what was only half copied is removed");
		if (poll(p, ARRAY_LEN(p), -1) < 0)
			continue;
		if (p[0].revents) {
			r = copy_recv(v->sock, e, fd);
			if (r == -EINTR || r == -EAGAIN)
				continue;
			return r; /* who is gone has said why */
		}
		return refuse(-ESRCH, "CT %u has stopped meanwhile", v->vmid);
	}
}

static bool wait_for(pid_t pid, int ms, int *status)
{
	for (; ms > 0; ms -= 5) {
		pid_t r = waitpid(pid, status, WNOHANG);

		if (r == pid)
			return true;
		poll(NULL, 0, 5);
	}
	return false;
}

int visit_end(struct visit *v, bool kill_it)
{
	int status = 0;

	close_fd(&v->sock);
	close_fd(&v->init);
	if (kill_it) {
		kill(v->pid, SIGTERM);
		/* One that waits for a file system of its container's does not hear that. */
		if (!wait_for(v->pid, PATIENCE_MS, &status)) {
			kill(v->pid, SIGKILL);
			while (waitpid(v->pid, &status, 0) < 0 && errno == EINTR)
				;
		}
	} else {
		while (waitpid(v->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECANCELED;
}
