// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who mounts in containers, as the worker must not: `pct-launch mounter`, the program beside ours.
 * It is nobody's child, as it stays when the keeper ends: monitors are answered then.
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/mounting.h"
#include "base/say.h"
#include "procfs/keeper.h"

#define AGAIN_MS 5000 /* between one that ended and the next */
#define FD_ASKED 3    /* where it is asked */

static void become_helper(const struct keeper *k, int sock)
{
	char path[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	int high = fcntl(sock, F_DUPFD_CLOEXEC, 64);
	int said = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 64);
	sigset_t none;
	int r;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash || high < 0 || dup2(high, FD_ASKED) < 0 || fork() != 0)
		_exit(0);
	strcpy(slash, "/pct-launch");
	setsid();
	if (!k->d->foreground)
		let_go_of_stderr();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl(path, "pct-launch", "--socket", k->d->control, "mounter", k->d->mount, NULL);
	r = -errno;
	(void)dup2(said, STDERR_FILENO);
	if (!k->helper_failed)
		warn(r,
		     "start '%s mounter' (install pct-launch beside pctfs: until then what "
		     "containers mount of /proc shows the host)",
		     path);
	_exit(127);
}

void helper_start(struct keeper *k)
{
	const struct timeval patience = { .tv_usec = 200000 };
	int ends[2];
	pid_t pid;

	if (k->helper >= 0 || (k->helper_at && now_ms() - k->helper_at < AGAIN_MS))
		return;
	k->helper_at = now_ms();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	pid = fork();
	if (pid == 0)
		become_helper(k, ends[1]);
	close(ends[1]);
	k->helper = ends[0];
	(void)setsockopt(k->helper, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	helper_keep(k, 0, k->seccomp);
	for (uint32_t id = 1; id < KEPT_MAX; id++)
		if (k->kept[id] >= 0)
			helper_keep(k, id, k->kept[id]);
	if (k->now.sock >= 0)
		(void)message_send(k->now.sock, MSG_HELPER, 0, k->helper);
}

void helper_ended(struct keeper *k)
{
	/* It is tried again and again, until there is one; and said once. */
	k->helper_failed = now_ms() - k->helper_at < AGAIN_MS;
	close_fd(&k->helper);
}

void helper_keep(const struct keeper *k, uint32_t id, int fd)
{
	struct mounting say = { .kind = fd < 0 ? MOUNTING_DROP : MOUNTING_KEEP, .number = id };

	/* It is not waited for long: it stands in for one monitor less then. */
	if (k->helper >= 0)
		(void)!packet_send(k->helper, &say, offsetof(struct mounting, call), fd);
}
