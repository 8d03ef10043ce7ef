// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * It reads nothing that comes from containers, allocates nothing once it runs, and does one
 * thing: that there is a worker.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/say.h"
#include "procfs/connection.h"
#include "procfs/control.h"
#include "procfs/daemon.h"
#include "procfs/mount.h"
#include "procfs/store.h"

#define BACK_OFF_MAX 250  /* ms: as long a reader waits in vain */
#define STARTS_MAX   5	  /* that fail in a row, then something else must be done */
#define STUCK_MS     5000 /* a request that takes longer has its worker ended */
#define LOOK_MS	     1000
#define LOCK_MS	     1000 /* in which what was killed is gone */

struct worker {
	pid_t pid; /* 0: none */
	int pidfd, sock;
	bool prepared, ready;
	uint64_t since; /* ms: ready */
};

struct keeper {
	struct daemon *d;
	struct connection mounts[N_MOUNTS];
	int lock, opens, control, seccomp, takeover, signals;
	int exe, exe_before;	 /* what is run as worker; what was before the last takeover */
	struct worker now, next; /* the one that serves; one that shall */
	int next_exe;
	unsigned failures;    /* starts since one was ready */
	unsigned short_lived; /* workers in a row that served less than a second */
	bool was_ready, ending;
	bool resumed;	    /* it goes on with the mount of a keeper before it */
	int asker;	    /* who wants an end of it all; -EBADF: nobody */
	int kept[KEPT_MAX]; /* fds, by number */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what a worker needs ---- */

#define STORED_MAX (4 + 2 * N_MOUNTS)

static const char *const fuse_name[N_MOUNTS] = { "fuse", "fast-fuse" };
static const char *const slots_name[N_MOUNTS] = { "slots", "fast-slots" };

static size_t list_stored(struct keeper *k, struct stored out[STORED_MAX])
{
	size_t n = 0;

	out[n++] = (struct stored){ "opens", &k->opens };
	out[n++] = (struct stored){ "control", &k->control };
	out[n++] = (struct stored){ "seccomp", &k->seccomp };
	out[n++] = (struct stored){ "takeover", &k->takeover };
	for (int i = 0; i < N_MOUNTS; i++) {
		if (!k->mounts[i].mount)
			continue;
		out[n++] = (struct stored){ fuse_name[i], &k->mounts[i].fuse };
		out[n++] = (struct stored){ slots_name[i], &k->mounts[i].memory };
	}
	return n;
}

static void store_all(struct keeper *k)
{
	struct stored all[STORED_MAX];

	store_put_all(all, list_stored(k, all), k->kept);
}

/*
 * A worker holds it too, as long as there is anything left of it: two that read requests into
 * the same slots would be the end of both.
 */
static int lock_wait(int fd)
{
	const struct timespec pause = { 0, 10000000 };
	uint64_t until = now_ms() + LOCK_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || now_ms() > until)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int take_lock(struct keeper *k)
{
	int r = make_dirs(k->d->run, true);

	if (r < 0)
		return fail(r, "make the directory '%s'", k->d->run);
	k->lock = open(k->d->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (k->lock < 0)
		return fail(-errno, "open '%s'", k->d->lock);
	r = lock_wait(k->lock);
	if (r < 0)
		return r == -EWOULDBLOCK
			   ? refuse(-EBUSY,
				    "another pctfs runs with '%s': stop that one first, "
				    "or give this one a --run directory of its own",
				    k->d->run)
			   : fail(r, "lock '%s'", k->d->lock);
	return 0;
}

/* Unless a keeper before this one did. */
static int open_socket(int *fd, const char *path, int type)
{
	if (*fd < 0)
		*fd = listen_at(path, type);
	return MIN(*fd, 0);
}

static int open_sockets(struct keeper *k)
{
	int r = open_socket(&k->control, k->d->control, SOCK_STREAM);

	if (r == 0)
		r = open_socket(&k->seccomp, k->d->seccomp, SOCK_SEQPACKET);
	return r < 0 ? r : open_socket(&k->takeover, k->d->takeover, SOCK_SEQPACKET);
}

/* Only in one of the mounts is anything ever open. */
static int mount_anew(struct keeper *k, int which)
{
	int r;

	store_drop(fuse_name[which]);
	store_drop(slots_name[which]);
	if (which == MOUNT_WHOLE)
		store_drop("opens");
	r = which == MOUNT_WHOLE ? new_memory(&k->opens, "pctfs-opens") : 0;
	if (r == 0)
		r = connection_mount(&k->mounts[which]);
	if (r == 0)
		store_all(k);
	return r;
}

/* The mount is still there, with all that is open and in hand: go on with it. */
static int resume(struct keeper *k, int which)
{
	struct connection *c = &k->mounts[which];
	int r = slots_open(c->memory, &c->slots);

	if (r < 0)
		return fail(r, "go on with what the pctfs before had in hand");
	info("goes on with the mount '%s' of a pctfs that ended, requests in hand: %u", c->mount,
	     slots_in_hand(c->slots));
	k->resumed = true;
	return 0;
}

static int mount_or_resume(struct keeper *k)
{
	struct stored all[STORED_MAX];
	int r = 0;

	store_take(all, list_stored(k, all), k->kept);
	for (int i = 0; i < N_MOUNTS && r == 0; i++) {
		const struct connection *c = &k->mounts[i];
		bool whole = c->fuse >= 0 && c->memory >= 0 && k->opens >= 0;

		if (c->mount)
			r = whole ? resume(k, i) : mount_anew(k, i);
	}
	return r;
}

/* ---- a worker ---- */

static void become_worker(const struct keeper *k, pid_t keeper, int exe, int sock)
{
	const struct connection *whole = &k->mounts[MOUNT_WHOLE], *fast = &k->mounts[MOUNT_FAST];
	const int from[] = { sock,	  k->control, k->seccomp,    k->opens,
			     whole->fuse, fast->fuse, whole->memory, fast->memory };
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

static int start(struct keeper *k, int exe, struct worker *w)
{
	pid_t self = getpid();
	int sock[2];

	*w = (struct worker){ .pidfd = -EBADF, .sock = -EBADF };
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
	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	return w->pidfd < 0 ? fail(-errno, "watch the worker") : 0;
}

/* Its exit status, or 128 and the signal. */
static int reap(struct worker *w)
{
	int status = 0;

	if (w->pid)
		while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
			;
	close_fd(&w->pidfd);
	close_fd(&w->sock);
	w->pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void end(struct worker *w, int sig)
{
	if (w->pid)
		kill(w->pid, sig);
	(void)reap(w);
}

/* There is no other one: it may take what is left of that. */
static int let_go(struct keeper *k, struct worker *w)
{
	int r = 0;

	for (uint32_t id = 1; id < KEPT_MAX && r == 0; id++)
		if (k->kept[id] >= 0)
			r = message_send(w->sock, MSG_KEPT, id, k->kept[id]);
	return r < 0 ? r : message_send(w->sock, MSG_GO, 0, -1);
}

static void tell_ready(struct keeper *k)
{
	if (k->was_ready)
		return;
	k->was_ready = true;
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

static void keep(struct keeper *k, uint32_t id, int fd)
{
	if (id == 0 || id >= KEPT_MAX) {
		close_fd(&fd);
		return;
	}
	if (k->kept[id] >= 0)
		store_drop_kept(id);
	close_fd(&k->kept[id]);
	k->kept[id] = fd;
	store_put_kept(id, fd);
}

/* False: it has nothing more to say. */
static bool hear(struct keeper *k, struct worker *w)
{
	struct message m;
	int fd, r = message_receive(w->sock, &m, &fd);

	if (r < 1)
		return false;
	if (m.kind == MSG_PREPARED) {
		w->prepared = true;
		return w == &k->next || let_go(k, w) == 0;
	}
	if (m.kind == MSG_READY) {
		w->ready = true;
		w->since = now_ms();
		k->failures = 0;
		tell_ready(k);
	} else if (m.kind == MSG_KEEP || m.kind == MSG_DROP) {
		keep(k, m.id, fd);
		fd = -EBADF;
	}
	close_fd(&fd);
	return true;
}

/* ---- when things go wrong ---- */

/* For a while nobody can answer but us. */
static void refuse_for(struct keeper *k, int ms)
{
	uint64_t until = now_ms() + (uint64_t)ms;
	struct pollfd p[N_MOUNTS + 1] = { [N_MOUNTS] = { k->signals, POLLIN, 0 } };

	for (int i = 0; i < N_MOUNTS; i++) {
		p[i] = (struct pollfd){ k->mounts[i].fuse, POLLIN, 0 };
		if (k->mounts[i].mount)
			connection_refuse_left(&k->mounts[i]);
	}
	for (uint64_t t; (t = now_ms()) < until;) {
		if (poll(p, ARRAY_LEN(p), (int)(until - t)) < 1)
			continue;
		if (p[N_MOUNTS].revents)
			return;
		for (int i = 0; i < N_MOUNTS; i++) {
			if (p[i].revents & POLLERR)
				return;
			if (p[i].revents & POLLIN)
				connection_refuse(&k->mounts[i]);
		}
	}
}

/* That ended by a crash: which request was it? How many are to be answered by another? */
static unsigned look_at_slots(struct keeper *k, pid_t crashed)
{
	unsigned n = 0;

	for (int i = 0; i < N_MOUNTS; i++) {
		struct slots *s = k->mounts[i].slots;

		if (s && crashed)
			slots_blame(s, crashed);
		n += s ? slots_in_hand(s) : 0;
	}
	return n;
}

static void back_off(struct keeper *k)
{
	struct pollfd p = { k->signals, POLLIN, 0 };
	unsigned n = k->failures + k->short_lived;

	/* The first ones at once. */
	if (n > 4)
		(void)poll(&p, 1, n < 12 ? 1 << (n - 4) : BACK_OFF_MAX);
}

/* Also one that was never asked to end. 0: there is a new one, or will be. */
static int replace(struct keeper *k)
{
	bool was_ready = k->now.ready;
	uint64_t since = k->now.since;
	pid_t pid = k->now.pid;
	int status = reap(&k->now);
	bool crashed = status > 128 && status != 128 + SIGKILL && status != 128 + SIGTERM;
	unsigned in_hand;

	if (!k->was_ready && !k->resumed)
		return -ECHILD; /* it has said why */
	in_hand = look_at_slots(k, crashed ? pid : 0);
	/* Who was killed might have started. */
	k->failures += !was_ready && status != 128 + SIGKILL;
	k->short_lived = was_ready && now_ms() - since > 1000 ? 0 : k->short_lived + was_ready;
	if (status != EXIT_ABORTED)
		warn(0, "the worker ended by %s %d, requests in hand: %u; another one goes on",
		     status > 128 ? "signal" : "exit status", status > 128 ? status - 128 : status,
		     in_hand);
	if (k->failures > STARTS_MAX && k->exe_before >= 0) {
		warn(0, "%d workers in a row could not start: back to the program before",
		     STARTS_MAX);
		close_fd(&k->exe);
		k->exe = take_fd(&k->exe_before);
		k->failures = 1;
	}
	if (k->failures > STARTS_MAX) {
		warn(0, "no worker can start: reads are answered with an error meanwhile");
		refuse_for(k, LOOK_MS);
	} else {
		back_off(k);
	}
	return start(k, k->exe, &k->now);
}

/* The program that puts views into containers, beside ours. */
static void repair(const struct keeper *k)
{
	char path[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	pid_t pid;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return;
	strcpy(slash, "/pct-launch");
	pid = fork();
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	if (pid == 0 && fork() == 0) { /* nobody waits for it */
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execl(path, "pct-launch", "--socket", k->d->control, "repair", "--all", NULL);
	}
	if (pid == 0)
		_exit(127);
}

/* Somebody with the right to do so has cut the connection: all containers need another one. */
static int revive(struct keeper *k, int which)
{
	int r;

	warn(0, "the mount '%s' was cut off: mounting it anew", k->mounts[which].mount);
	end(&k->now, SIGKILL);
	r = mount_anew(k, which);
	if (r == 0)
		r = start(k, k->exe, &k->now);
	while (r == 0 && !k->now.ready)
		r = hear(k, &k->now) ? 0 : -ECHILD;
	if (r == 0)
		repair(k);
	return r;
}

/* A request that one worker had for long will be another's, which is better than nobody's. */
static bool is_stuck(const struct slot *t, pid_t worker)
{
	uint64_t since = t->since / 1000000;
	/* Of the time of a worker before this one some is not its own. */
	int most = t->by == worker ? STUCK_MS : 2 * STUCK_MS;

	return since && t->head.unique && now_ms() >= since + (uint64_t)most;
}

static void look_for_stuck(struct keeper *k)
{
	for (unsigned i = 0; i < N_MOUNTS * SLOTS; i++) {
		struct slots *s = k->mounts[i / SLOTS].slots;
		struct slot *t = s ? slot_at(s, i % SLOTS) : NULL;

		if (!t || !is_stuck(t, k->now.pid))
			continue;
		warn(0, "the worker does not answer request %u for inode %#llx: it is ended",
		     t->head.opcode, (unsigned long long)t->head.nodeid);
		t->crashes++;
		kill(k->now.pid, SIGKILL);
		return;
	}
}

/* ---- another program ---- */

/* The one that asks sent its own program; it hears when that serves, or nothing. */
static void take_over(struct keeper *k, int fd, int exe)
{
	const struct timeval patience = { .tv_sec = STUCK_MS / 1000 };

	if (start(k, exe, &k->next) == 0)
		(void)setsockopt(k->next.sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
				 sizeof(patience));
	if (k->next.sock < 0 || !hear(k, &k->next) || !k->next.prepared) {
		end(&k->next, SIGKILL);
		close_fd(&exe);
		(void)message_send(fd, MSG_DROP, 0, -1);
		return;
	}
	end(&k->now, SIGKILL); /* what it has in hand the next one has */
	k->now = k->next;
	k->next = (struct worker){ .pidfd = -EBADF, .sock = -EBADF };
	close_fd(&k->exe_before);
	k->exe_before = k->exe;
	k->exe = exe;
	if (let_go(k, &k->now) == 0)
		while (!k->now.ready && hear(k, &k->now))
			;
	(void)message_send(fd, k->now.ready ? MSG_READY : MSG_DROP, 0, -1);
	/* A supervisor whose unit was taken off and put back has lost all it had. */
	store_all(k);
}

/* Somebody asks for an end; what mount he means is checked if he says it. */
static void unmount_asked(struct keeper *k, int *fd, uint32_t number)
{
	if (number && number != mount_number(k->d->mount)) {
		(void)message_send(*fd, MSG_DROP, 0, -1);
		return;
	}
	k->ending = true;
	k->asker = take_fd(fd);
}

static void hear_outside(struct keeper *k)
{
	auto_fd fd = accept4(k->takeover, NULL, NULL, SOCK_CLOEXEC);
	const struct timeval patience = { .tv_sec = 1 };
	struct message m;
	int exe = -EBADF;

	if (fd < 0 || !peer_is_root(fd))
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (message_receive(fd, &m, &exe) < 1)
		return;
	if (m.kind == MSG_GO && exe >= 0) {
		take_over(k, fd, exe);
		return;
	}
	close_fd(&exe);
	if (m.kind == MSG_UNMOUNT)
		unmount_asked(k, &fd, m.id);
}

/* ---- all of it ---- */

static int step(struct keeper *k)
{
	struct pollfd p[] = { { k->now.pidfd, POLLIN, 0 },
			      { k->now.sock, POLLIN, 0 },
			      { k->signals, POLLIN, 0 },
			      { k->takeover, POLLIN, 0 },
			      { k->mounts[MOUNT_WHOLE].fuse, 0, 0 },
			      { k->mounts[MOUNT_FAST].fuse, 0, 0 } };
	int n = poll(p, ARRAY_LEN(p), LOOK_MS);
	struct signalfd_siginfo sig;

	store_tell_alive();
	if (n == 0)
		look_for_stuck(k);
	if (n < 1)
		return 0;
	if (p[2].revents) {
		k->ending = read(k->signals, &sig, sizeof(sig)) == sizeof(sig);
		return 0;
	}
	for (int i = 0; i < N_MOUNTS; i++)
		if (p[4 + i].revents & POLLERR)
			return revive(k, i);
	if (p[1].revents && hear(k, &k->now))
		return 0;
	if (p[0].revents || p[1].revents)
		return replace(k);
	if (p[3].revents)
		hear_outside(k);
	return 0;
}

static int run(struct keeper *k)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	k->signals = signalfd(-1, &set, SFD_CLOEXEC);
	k->exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (k->signals < 0 || k->exe < 0)
		return fail(-errno, "start the keeper");
	r = mount_or_resume(k);
	if (r == 0)
		r = open_sockets(k);
	store_all(k);
	if (r == 0)
		r = start(k, k->exe, &k->now);
	while (r == 0 && !k->ending)
		r = step(k);
	return r;
}

/* With a supervisor all of it waits for the next keeper, unless somebody asked for an end. */
static void take_off(struct keeper *k)
{
	struct stored all[STORED_MAX];

	end(&k->now, SIGTERM);
	if (store_is_there() && k->asker < 0)
		return;
	for (size_t i = 0, n = list_stored(k, all); i < n; i++)
		store_drop(all[i].name);
	for (int i = 0; i < N_MOUNTS; i++)
		connection_close(&k->mounts[i]);
	if (k->control >= 0)
		(void)unlink(k->d->control);
	if (k->seccomp >= 0)
		(void)unlink(k->d->seccomp);
	if (k->takeover >= 0)
		(void)unlink(k->d->takeover);
	if (k->asker >= 0)
		(void)message_send(k->asker, MSG_UNMOUNT, 0, -1);
}

int keeper_main(struct daemon *d)
{
	static struct keeper k;
	int r;

	k = (struct keeper){ .d = d,
			     .lock = -EBADF,
			     .mounts = { { d->mount, -EBADF, -EBADF, NULL },
					 { d->page_cache ? d->fast : NULL, -EBADF, -EBADF, NULL } },
			     .opens = -EBADF,
			     .control = -EBADF,
			     .seccomp = -EBADF,
			     .takeover = -EBADF,
			     .exe = -EBADF,
			     .exe_before = -EBADF,
			     .asker = -EBADF,
			     .now = { .pidfd = -EBADF, .sock = -EBADF },
			     .next = { .pidfd = -EBADF, .sock = -EBADF } };
	for (int i = 0; i < KEPT_MAX; i++)
		k.kept[i] = -EBADF;
	r = take_lock(&k);
	if (r < 0)
		return EXIT_FAILED;
	r = run(&k);
	take_off(&k);
	if (k.asker >= 0 && store_is_there())
		return EXIT_UNMOUNTED;
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}
