// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>

#include "base/say.h"
#include "procfs/control.h"
#include "procfs/mount.h"
#include "procfs/repair.h"
#include "procfs/store.h"

#define BACK_OFF_MAX 250  /* ms: as long a reader waits in vain */
#define STARTS_MAX   5	  /* that fail in a row, then something else must be done */
#define TAKEOVER_MS  5000 /* in which another program says that it can serve */
#define LOOK_MS	     1000

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- when things go wrong ---- */

/* For a while nobody can answer but us. */
static void refuse_for(struct keeper *k, int ms)
{
	uint64_t until = now_ms() + (uint64_t)ms;
	struct pollfd p[N_MOUNTS + 1] = { [N_MOUNTS] = { k->signals, POLLIN, 0 } };

	for (int i = 0; i < N_MOUNTS; i++) {
		bool is_new = k->mounts[i].mount && connection_is_new(&k->mounts[i]);

		p[i] = (struct pollfd){ k->mounts[i].fuse, is_new ? 0 : POLLIN, 0 };
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

/* A system that has no process or file to give now has one later: step() tries again. */
static void begin(struct keeper *k)
{
	if (child_start(k, k->exe, &k->now) < 0)
		child_end(k, &k->now, SIGKILL);
}

static void repair(struct keeper *k)
{
	struct slots *all[N_MOUNTS];

	k->repair = false;
	for (int i = 0; i < N_MOUNTS; i++)
		all[i] = k->mounts[i].slots;
	repair_containers(k->d->control, all);
}

/* Somebody with the right to do so has cut the connection: all containers need another one. */
static int revive(struct keeper *k, int which)
{
	int r;

	warn(0, "the mount '%s' was cut off: mounting it anew", k->mounts[which].mount);
	counts_event(k->counts, COUNT_REMOUNT);
	child_end(k, &k->now, SIGKILL);
	k->repair = true;
	r = held_mount_anew(k, which);
	if (r == 0)
		begin(k);
	return r;
}

/*
 * Which mount was cut off; N_MOUNTS: none. Only asked when a worker has ended, which it does then,
 * and now and then: to be told of it would mean to be woken at each request.
 */
static int find_cut(const struct keeper *k)
{
	for (int i = 0; i < N_MOUNTS; i++) {
		struct pollfd p = { k->mounts[i].fuse, 0, 0 };

		if (poll(&p, 1, 0) == 1 && (p.revents & POLLERR))
			return i;
	}
	return N_MOUNTS;
}

/* Also one that was never asked to end. 0: there is a new one, or will be. */
static int replace(struct keeper *k)
{
	bool was_ready = k->now.ready;
	uint64_t since = k->now.since;
	pid_t pid = k->now.pid;
	int status = child_reap(k, &k->now);
	bool crashed = status > 128 && status != 128 + SIGKILL && status != 128 + SIGTERM;
	int cut = find_cut(k);
	unsigned in_hand;

	if (!k->was_ready && !k->resumed)
		return -ECHILD; /* it has said why */
	if (cut < N_MOUNTS)
		return revive(k, cut);
	in_hand = look_at_slots(k, crashed ? pid : 0);
	counts_event(k->counts, k->killed		  ? COUNT_STUCK
				: crashed		  ? COUNT_CRASHED
				: status == 128 + SIGKILL ? COUNT_KILLED
							  : COUNT_EXITED);
	/* Who was killed might have started, but not when it was for doing nothing. */
	k->failures += !was_ready && (status != 128 + SIGKILL || k->killed);
	k->killed = false;
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
		warn(0, "no worker can start: reads are answered with an error until one does; "
			"mend what is said above, or run the --takeover of a pctfs that works");
		refuse_for(k, LOOK_MS);
	} else {
		back_off(k);
	}
	begin(k);
	return 0;
}

/* A request that one worker had for long will be another's, which is better than nobody's. */
static void look_for_stuck(struct keeper *k)
{
	struct slots *all[N_MOUNTS];
	struct slot *stuck[N_MOUNTS * TURN_THREADS];
	bool idle = false;
	unsigned n;

	for (int i = 0; i < N_MOUNTS; i++)
		all[i] = k->mounts[i].slots;
	n = stuck_requests(&k->looks, all, k->now.pid, stuck, ARRAY_LEN(stuck));
	for (int i = 0; i < N_MOUNTS; i++)
		idle |= all[i] &&
			stuck_worker(&k->looks, i, connection_waits(&k->mounts[i], k->now.pid),
				     slots_taken(all[i]));
	if (!n && !idle)
		return;
	if (n)
		warn(0,
		     "the worker does not get on with %u requests, one of them %u for inode %#llx: "
		     "it is ended",
		     n, stuck[0]->head.opcode, (unsigned long long)stuck[0]->head.nodeid);
	else
		warn(0, "the worker takes no requests: it is ended");
	slots_suspect(stuck, n);
	k->killed = k->now.pid > 0;
	if (k->now.pid)
		kill(k->now.pid, SIGKILL);
}

static int look_around(struct keeper *k)
{
	int cut = find_cut(k);

	if (cut < N_MOUNTS)
		return revive(k, cut);
	if (child_is_husk(&k->now))
		return replace(k);
	child_reap_husks(k);
	helper_start(k);
	look_for_stuck(k);
	return 0;
}

/* ---- another program ---- */

/* The one that asks sent its own program; it hears when that serves, or nothing. */
static void take_over(struct keeper *k, int fd, int exe)
{
	const struct timeval patience = { .tv_sec = TAKEOVER_MS / 1000 };

	if (child_start(k, exe, &k->next) == 0)
		(void)setsockopt(k->next.sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
				 sizeof(patience));
	if (k->next.sock < 0 || !child_hear(k, &k->next) || !k->next.prepared) {
		child_end(k, &k->next, SIGKILL);
		close_fd(&exe);
		(void)message_send(fd, MSG_DROP, 0, -1);
		return;
	}
	child_end(k, &k->now, SIGKILL); /* what it has in hand the next one has */
	k->now = k->next;
	k->next = (struct child){ .pidfd = -EBADF, .sock = -EBADF };
	if (child_let_go(k, &k->now) == 0)
		while (!k->now.ready && child_hear(k, &k->now))
			;
	(void)message_send(fd, k->now.ready ? MSG_READY : MSG_DROP, 0, -1);
	if (!k->now.ready) { /* the program that was there goes on */
		child_end(k, &k->now, SIGKILL);
		close_fd(&exe);
		return;
	}
	counts_event(k->counts, COUNT_TAKEOVER);
	close_fd(&k->exe_before);
	k->exe_before = k->exe;
	k->exe = exe;
	/* A supervisor whose unit was taken off and put back has lost all it had. */
	held_store(k);
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

/*
 * A monitor, which does not dial again: so it is ours before any worker has it, and is lost with
 * none. While there is no worker it waits for the next.
 */
static void take_monitor(struct keeper *k)
{
	auto_fd fd = accept4(k->seccomp, NULL, NULL, SOCK_CLOEXEC);
	uint32_t id = 1;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		(void)poll(NULL, 0, 20); /* it still waits there: not at once again */
	if (fd < 0 || !peer_is_root(fd))
		return;
	while (id < k->kept_max && k->kept[id] >= 0)
		id++;
	if (id == k->kept_max) {
		warn(0,
		     "a monitor of LXC's is turned away, as %u are there: sysinfo(2) fails in its "
		     "container; raise the limit of open files (LimitNOFILE= of "
		     "pctfs-keeper.service, or ulimit -Hn)",
		     id - 1);
		return;
	}
	held_keep(k, id, take_fd(&fd));
	if (k->now.goes_on) /* one that does not take it is at its end */
		(void)message_send(k->now.sock, MSG_KEPT, id, k->kept[id]);
}

/* ---- all of it ---- */

/* A worker serves: whoever it was that was heard to say so. */
static void repair_if_due(struct keeper *k)
{
	if (k->repair && k->now.ready)
		repair(k);
}

static int step(struct keeper *k)
{
	struct pollfd p[] = { { k->now.pidfd, POLLIN, 0 }, { k->now.sock, POLLIN, 0 },
			      { k->signals, POLLIN, 0 },   { k->takeover, POLLIN, 0 },
			      { k->seccomp, POLLIN, 0 },   { k->helper, 0, 0 } };
	int n = poll(p, ARRAY_LEN(p), k->now.pid ? LOOK_MS : BACK_OFF_MAX);
	struct signalfd_siginfo sig;

	store_tell_alive();
	if (p[5].revents)
		helper_ended(k);
	if (!k->now.pid)
		begin(k);
	if (n == 0)
		return look_around(k);
	if (n < 0)
		return 0;
	if (p[2].revents) {
		k->ending = read(k->signals, &sig, sizeof(sig)) == sizeof(sig);
		return 0;
	}
	if (p[1].revents && child_hear(k, &k->now))
		return 0;
	if (p[0].revents || p[1].revents)
		return replace(k);
	if (p[4].revents)
		take_monitor(k);
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
	r = held_mount(k);
	if (r == 0)
		r = held_open_sockets(k);
	if (r == 0)
		held_count(k);
	held_store(k);
	if (r == 0)
		helper_start(k);
	if (r == 0)
		r = child_start(k, k->exe, &k->now);
	while (r == 0 && !k->ending) {
		repair_if_due(k);
		r = step(k);
	}
	return r;
}

/* As many as can be open; some are for a worker to be started, at any time. */
static uint32_t room_for_kept(void)
{
	struct rlimit n = { 1024, 1024 };

	if (getrlimit(RLIMIT_NOFILE, &n) == 0) {
		n.rlim_cur = n.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &n);
		(void)getrlimit(RLIMIT_NOFILE, &n);
	}
	return (uint32_t)MIN((rlim_t)KEPT_MAX, n.rlim_cur > 128 ? n.rlim_cur - 64 : 64);
}

int keeper_main(struct daemon *d)
{
	static struct keeper k;
	int r;

	k = (struct keeper){ .d = d,
			     .lock = -EBADF,
			     .mounts = { { .mount = d->mount, .fuse = -EBADF, .memory = -EBADF },
					 { .mount = d->page_cache ? d->fast : NULL,
					   .fuse = -EBADF,
					   .memory = -EBADF } },
			     .opens = -EBADF,
			     .control = -EBADF,
			     .seccomp = -EBADF,
			     .takeover = -EBADF,
			     .metrics = -EBADF,
			     .counted = -EBADF,
			     .exe = -EBADF,
			     .exe_before = -EBADF,
			     .asker = -EBADF,
			     .looks = { .spent = spent_by },
			     .helper = -EBADF,
			     .now = { .pidfd = -EBADF, .sock = -EBADF },
			     .next = { .pidfd = -EBADF, .sock = -EBADF } };
	for (int i = 0; i < KEPT_MAX; i++)
		k.kept[i] = -EBADF;
	k.kept_max = room_for_kept();
	r = held_lock(&k);
	if (r < 0)
		return EXIT_FAILED;
	r = run(&k);
	held_take_off(&k);
	if (k.asker >= 0 && store_is_there())
		return EXIT_UNMOUNTED;
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}
