// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pctfs's helper: what its worker must not be able to do, to enter containers and mount there or
 * make nodes, is done here, by a process for each call. The keeper starts it, and another when it
 * ends.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "launcher/mountjob.h"

#define FD_ASKED  3    /* where pctfs asks */
#define KEPT_MAX  4096 /* monitors; as pctfs has them */
#define JOBS_MAX  32   /* at a time */
#define JOBS_EACH 4    /* of one container: a file system of its own can hold them up for ever */
#define HELD_MAX  1024 /* with those that are held up so */
#define DONE_MAX  64   /* answers that are remembered */

struct running {
	struct mounted answer;
	pid_t pid, init; /* pid 0: none; of its processes the group */
	pid_t caller;
	int pidfd;
	uint64_t until; /* ms; 0: it was answered and killed, and something of it is held up */
	bool told;
};

struct mounter {
	const struct options *o;
	const char *mount; /* pctfs's */
	int scratch;
	struct running job[HELD_MAX];
	struct mounted done[DONE_MAX]; /* a ring */
	unsigned n_done;
	int kept[KEPT_MAX];
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void answer(struct mounter *m, const struct mounted *a)
{
	m->done[m->n_done++ % DONE_MAX] = *a;
	(void)!fds_send(FD_ASKED, a, sizeof(*a), NULL, 0, 0);
}

/* Another worker asks again what the one before it had asked. */
static bool asked_before(const struct mounter *m, uint64_t id)
{
	for (size_t i = 0; i < HELD_MAX; i++)
		if (m->job[i].pid && m->job[i].until && m->job[i].answer.id == id)
			return true;
	for (size_t i = 0; i < DONE_MAX; i++) {
		if (m->done[i].id != id || !id)
			continue;
		(void)!fds_send(FD_ASKED, &m->done[i], sizeof(m->done[i]), NULL, 0, 0);
		return true;
	}
	return false;
}

static struct running *room_for(struct mounter *m, pid_t init)
{
	struct running *room = NULL, *held = NULL;
	int its = 0, n = 0;
	bool told = false;

	for (size_t i = 0; i < HELD_MAX; i++) {
		struct running *j = &m->job[i];

		if (!j->pid)
			room = j;
		n += j->pid && j->until;
		if (!j->pid || j->init != init)
			continue;
		its++;
		told = told || j->told;
		held = j->until ? held : j;
	}
	if (its < JOBS_EACH)
		return n < JOBS_MAX ? room : NULL;
	if (held && !told) {
		warn(0,
		     "container of process %d: a file system of its own holds up who looks for its "
		     "mounts of proc, which show the host until that answers or is unmounted there",
		     init);
		held->told = true;
	}
	return NULL;
}

/* -EBADF: there is none. */
static int job_of(const struct mounter *m, pid_t caller)
{
	for (size_t i = 0; i < HELD_MAX; i++)
		if (m->job[i].pid && m->job[i].until && m->job[i].caller == caller)
			return m->job[i].pidfd;
	return -EBADF;
}

static void run_job(struct mounter *m, const struct mounting *ask, const int *fds, int before)
{
	struct pollfd p = { before, POLLIN, 0 };
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setsid(); /* so that all of it can be killed, stopped or not */
	close(FD_ASKED);
	for (size_t i = 0; i < KEPT_MAX; i++)
		close_fd(&m->kept[i]);
	/* A signal made it call again: what it called before is taken back first. */
	if (before >= 0)
		(void)poll(&p, 1, MOUNTING_MS / 2);
	r = job_run(m->o, m->mount, ask, fds, m->scratch);
	_exit(r == MOUNTING_CONTINUE ? 100 : r < 0 ? MIN(-r, 100) : 0);
}

static void begin(struct mounter *m, const struct mounting *ask, const int *fds)
{
	struct mounted a = { .number = ask->number,
			     .result = MOUNTING_CONTINUE,
			     .id = ask->call.id };
	int before = job_of(m, (pid_t)ask->call.pid);
	struct running *j;

	if (asked_before(m, a.id))
		return;
	j = room_for(m, ask->init);
	if (!j) {
		answer(m, &a);
		return;
	}
	*j = (struct running){ .answer = a,
			       .init = ask->init,
			       .caller = (pid_t)ask->call.pid,
			       .until = now_ms() + MOUNTING_MS };
	j->pid = fork();
	if (j->pid == 0)
		run_job(m, ask, fds, before);
	j->pidfd = j->pid > 0 ? (int)syscall(SYS_pidfd_open, j->pid, 0) : -EBADF;
	if (j->pid < 0) {
		j->pid = 0;
		answer(m, &a);
	}
}

static bool is_call(uint32_t kind)
{
	return kind == MOUNTING_MOUNT || kind == MOUNTING_UMOUNT || kind == MOUNTING_MKNOD ||
	       kind == MOUNTING_MKNODAT;
}

/* False: pctfs is gone. */
static bool hear(struct mounter *m)
{
	static struct mounting ask;
	int fds[MOUNTING_FDS];
	ssize_t n = fds_receive(FD_ASKED, &ask, sizeof(ask), fds, MOUNTING_FDS);

	if (n <= 0)
		return n == -EAGAIN;
	if (n < (ssize_t)offsetof(struct mounting, call))
		ask.kind = 0;
	ask.root[sizeof(ask.root) - 1] = '\0';
	if (is_call(ask.kind) && n == sizeof(ask) && fds[MOUNTING_NOTIFY] >= 0) {
		begin(m, &ask, fds);
	} else if ((ask.kind == MOUNTING_KEEP || ask.kind == MOUNTING_DROP) &&
		   ask.number < KEPT_MAX) {
		close_fd(&m->kept[ask.number]);
		m->kept[ask.number] = fds[0];
		fds[0] = -EBADF;
	}
	for (size_t i = 0; i < MOUNTING_FDS; i++)
		close_fd(&fds[i]);
	return true;
}

static void end_job(struct mounter *m, struct running *j)
{
	close_fd(&j->pidfd);
	answer(m, &j->answer);
	j->until = 0;
}

/* What its end left behind is our child by now. */
static void look_after(struct running *j)
{
	while (waitpid(-j->pid, NULL, WNOHANG) > 0)
		;
	if (waitpid(-j->pid, NULL, WNOHANG) < 0 && errno == ECHILD)
		j->pid = 0;
}

static void look_at(struct mounter *m, struct running *j)
{
	int status = 0;

	if (!j->pid)
		return;
	if (j->until && waitpid(j->pid, &status, WNOHANG) == j->pid) {
		if (WIFEXITED(status) && WEXITSTATUS(status) < 100)
			j->answer.result = -WEXITSTATUS(status);
		end_job(m, j);
	} else if (j->until && now_ms() >= j->until) {
		/* It may take long to die, if the container's own file system holds it. */
		kill(-j->pid, SIGKILL);
		kill(j->pid, SIGKILL);
		end_job(m, j);
	}
	if (!j->until)
		look_after(j);
}

/* No more than there are: poll() takes no more than there may be open files. */
static size_t watch(const struct mounter *m, struct pollfd p[JOBS_MAX + 1])
{
	size_t n = 0;

	p[n++] = (struct pollfd){ FD_ASKED, POLLIN, 0 };
	for (size_t i = 0; i < HELD_MAX && n <= JOBS_MAX; i++)
		if (m->job[i].pid && m->job[i].until)
			p[n++] = (struct pollfd){ m->job[i].pidfd, POLLIN, 0 };
	return n;
}

static void serve(struct mounter *m)
{
	struct pollfd p[JOBS_MAX + 1];
	bool goes_on = true;

	while (goes_on) {
		size_t n = watch(m, p);
		int ready = poll(p, n, n > 1 ? MOUNTING_MS / 8 : -1);

		for (size_t i = 0; i < HELD_MAX; i++)
			look_at(m, &m->job[i]);
		if (ready > 0 && p[0].revents)
			goes_on = hear(m);
	}
}

static int run(const struct options *o, int argc, char *argv[])
{
	static struct mounter m;
	struct rlimit room;

	(void)argc;
	m.o = o;
	m.mount = argv[1];
	for (size_t i = 0; i < KEPT_MAX; i++)
		m.kept[i] = -EBADF;
	/* What a job that was killed leaves is counted, for as long as it does not die. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (fcntl(FD_ASKED, F_SETFD, FD_CLOEXEC) < 0)
		return refuse(-EINVAL, "mounter: this is for pctfs to start");
	if (getrlimit(RLIMIT_NOFILE, &room) == 0) {
		room.rlim_cur = room.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &room);
	}
	m.scratch = scratch_new();
	if (m.scratch < 0)
		return fail(m.scratch, "make an empty mount namespace");
	serve(&m);
	stand_in(o, m.kept, KEPT_MAX);
	return 0;
}

const struct command cmd_mounter = {
	.name = "mounter",
	.args = "MOUNT",
	.help = "Started by pctfs: mounts of procfs that containers make get their views",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
