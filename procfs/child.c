// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

#include "base/say.h"
#include "procfs/keeper.h"

#define END_MS	      3000 /* in which a worker ends that was asked to */
#define HUSK_MS	      300  /* and one of which there is not much left */
#define LOOK_AGAIN_MS 20

static void become_worker(const struct keeper *k, pid_t keeper, int exe, int sock)
{
	const struct connection *whole = &k->mounts[MOUNT_WHOLE], *fast = &k->mounts[MOUNT_FAST];
	const int from[] = { sock,	    k->control,	  k->opens,   whole->fuse, fast->fuse,
			     whole->memory, fast->memory, k->counted, k->metrics };
	char page_cache[40];
	char *argv[] = { "pctfs",
			 k->d->foreground ? "-f" : "-b",
			 "--worker",
			 "--log-level",
			 (char *)say_level_name(say_limit),
			 "--run",
			 k->d->run,
			 page_cache,
			 k->d->mount,
			 NULL };
	int high[ARRAY_LEN(from)];
	sigset_t none;

	/* At once, with what it has in hand: another one can have that only then. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(EXIT_FAILED);
	snprintf(page_cache, sizeof(page_cache), "--page-cache=%u", k->d->page_cache);
	/* Out of the way first: a target may be somebody's source. */
	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		high[i] = from[i] < 0 ? -EBADF : fcntl(from[i], F_DUPFD_CLOEXEC, 64);
	exe = fcntl(exe, F_DUPFD_CLOEXEC, 64);
	/* It is not to be used, but held, until the last thread is gone. */
	(void)fcntl(k->lock, F_DUPFD, 64);
	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		if (from[i] >= 0 && dup2(high[i], FD_KEEPER + (int)i) < 0)
			_exit(EXIT_FAILED);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fexecve(exe, argv, environ);
	_exit(fail(-errno, "start a worker") < 0 ? EXIT_FAILED : 0);
}

int child_start(struct keeper *k, int exe, struct child *w)
{
	const struct timeval patience = { .tv_sec = END_MS / 1000 }; /* of us, who are one thread */
	pid_t self = getpid();
	int sock[2];

	*w = (struct child){ .pidfd = -EBADF, .sock = -EBADF };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		return fail(-errno, "make a socket");
	w->pid = fork();
	if (w->pid == 0)
		become_worker(k, self, exe, sock[1]);
	close(sock[1]);
	w->sock = sock[0];
	if (w->pid < 0) {
		w->pid = 0;
		close_fd(&w->sock);
		return fail(-errno, "start a worker");
	}
	(void)setsockopt(w->sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	return w->pidfd < 0 ? fail(-errno, "watch the worker") : 0;
}

/* Its first thread is gone: what is left of it, if anything, waits in the kernel. */
bool child_is_husk(const struct child *w)
{
	char path[32], text[512] = "";
	auto_fd fd = -EBADF;
	char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", w->pid);
	fd = w->pid ? open(path, O_RDONLY | O_CLOEXEC) : -EBADF;
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return false;
	state = strrchr(text, ')');
	return state && state[1] == ' ' && state[2] == 'Z';
}

/* Is it gone? A husk is given no longer than what ends by itself takes. */
static bool has_ended(const struct child *w)
{
	struct pollfd p = { w->pidfd, POLLIN, 0 };
	unsigned husk = 0;

	for (unsigned ms = 0; ms < END_MS && husk < HUSK_MS; ms += LOOK_AGAIN_MS) {
		if (poll(&p, 1, LOOK_AGAIN_MS) == 1)
			return true;
		husk = child_is_husk(w) ? husk + LOOK_AGAIN_MS : 0;
	}
	return false;
}

/* Later than anybody waits for: those that could not end, and have since. */
void child_reap_husks(struct keeper *k)
{
	for (size_t i = 0; i < ARRAY_LEN(k->husks); i++)
		if (k->husks[i] && waitpid(k->husks[i], NULL, WNOHANG) != 0)
			k->husks[i] = 0;
}

/*
 * A thread in the memory of a container that keeps it there cannot be killed. It will do nothing
 * more either: another worker need not wait for it.
 */
static void leave_husk(struct keeper *k, struct child *w)
{
	const struct timeval now = { .tv_usec = 1 };

	warn(0, "worker %d cannot end yet, by something a container does; going on without",
	     w->pid);
	for (size_t i = 0; i < ARRAY_LEN(k->husks); i++)
		if (!k->husks[i]) {
			k->husks[i] = w->pid;
			break;
		}
	w->pid = 0;
	/* Its end of this is still open. */
	(void)setsockopt(w->sock, SOL_SOCKET, SO_RCVTIMEO, &now, sizeof(now));
}

/* Its exit status, or 128 and the signal. */
int child_reap(struct keeper *k, struct child *w)
{
	int status = SIGKILL;

	child_reap_husks(k);
	/* One that hangs, or was stopped, does not end by itself. */
	if (w->pid && !has_ended(w)) {
		kill(w->pid, SIGKILL);
		if (!has_ended(w))
			leave_husk(k, w);
	}
	if (w->pid)
		while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
			;
	/* What it had us keep last is not to be lost: the other end does not dial again. */
	while (w->sock >= 0 && child_hear(k, w))
		;
	close_fd(&w->pidfd);
	close_fd(&w->sock);
	w->pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void child_end(struct keeper *k, struct child *w, int sig)
{
	if (w->pid)
		kill(w->pid, sig);
	(void)child_reap(k, w);
}

/* There is no other one: it may take what is left of that. */
int child_let_go(struct keeper *k, struct child *w)
{
	int r = 0;

	for (uint32_t id = 1; id < KEPT_MAX && r == 0; id++)
		if (k->kept[id] >= 0)
			r = message_send(w->sock, MSG_KEPT, id, k->kept[id]);
	if (r == 0 && k->helper >= 0)
		r = message_send(w->sock, MSG_HELPER, 0, k->helper);
	w->goes_on = r == 0 && message_send(w->sock, MSG_GO, 0, -1) == 0;
	return w->goes_on ? 0 : -ECONNRESET;
}

static void tell_ready(struct keeper *k)
{
	if (k->was_ready)
		return;
	k->was_ready = true;
	held_serve(k);
	(void)sd_notify(0, "READY=1");
	if (k->d->foreground) {
		info("serving on '%s'", k->d->mount);
		if (k->d->page_cache)
			info("… and from the page cache on '%s'", k->d->fast);
		return;
	}
	if (k->d->ready >= 0 && write(k->d->ready, "", 1) < 0)
		warn(-errno, "tell that pctfs is ready");
	close_fd(&k->d->ready);
	let_go_of_stderr();
}

/* False: it has nothing more to say. */
bool child_hear(struct keeper *k, struct child *w)
{
	struct message m;
	int fd, r = message_receive(w->sock, &m, &fd);

	if (r < 1)
		return false;
	if (m.kind == MSG_PREPARED) {
		w->prepared = true;
		return w == &k->next || child_let_go(k, w) == 0;
	}
	if (m.kind == MSG_READY) {
		w->ready = true;
		w->since = now_ms();
		k->failures = 0;
		tell_ready(k);
	} else if (m.kind == MSG_DROP) {
		held_keep(k, m.id, -EBADF);
	}
	close_fd(&fd);
	return true;
}
