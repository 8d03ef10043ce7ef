// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/serve.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/say.h"
#include "procfs/die.h"
#include "procfs/fall.h"
#include "procfs/open.h"

#define CRASHES_MAX 2
#define TRIES_MAX   20 /* however the workers ended */

struct server {
	struct slots *slots;
	struct fuse_session *session;
	atomic_bool stop;
	atomic_int failure; /* why a thread ended by itself */
	void (*on_failure)(void);
	void (*refused)(void *arg, uint64_t unique);
	void *arg_refused;
	struct counts *counts; /* NULL: nothing is counted */
	int mount;
	void (*answered)(void *arg, const struct fuse_in_header *head, uint64_t ns);
	void *arg_answered;
	struct turns turns;
	bool left[SLOTS];     /* by another worker */
	pthread_mutex_t lock; /* of who is alive */
	bool alive[TURN_THREADS];
	unsigned n; /* threads */
	pthread_t thread[TURN_THREADS];
	struct arg {
		struct server *all;
		unsigned me;
	} arg[TURN_THREADS];
};

static _Thread_local struct slot *current;
static _Thread_local bool left;

uint64_t slot_unique(void)
{
	return current ? current->head.unique : 0;
}

uint64_t slot_ino(void)
{
	return current ? current->head.nodeid : 0;
}

uint64_t slot_waiter(void)
{
	const struct fuse_poll_in *in = current ? (const void *)(&current->head + 1) : NULL;

	return in && current->head.opcode == FUSE_POLL && (in->flags & FUSE_POLL_SCHEDULE_NOTIFY)
		   ? in->kh
		   : 0;
}

bool slot_is_left(void)
{
	return left;
}

int server_new(int fd, struct server **out)
{
	struct slots *slots = NULL;
	struct server *s;
	int r = slots_open(fd, &slots);

	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s) {
		slots_close(slots);
		return -ENOMEM;
	}
	s->slots = slots;
	pthread_mutex_init(&s->lock, NULL);
	turns_init(&s->turns, s->turns.ask, NULL, NULL, NULL);
	*out = s;
	return 0;
}

void server_tell(struct server *s, void (*refused)(void *arg, uint64_t unique), void *arg)
{
	s->refused = refused;
	s->arg_refused = arg;
}

void server_count(struct server *s, struct counts *c, int mount,
		  void (*answered)(void *arg, const struct fuse_in_header *head, uint64_t ns),
		  void *arg)
{
	s->counts = c;
	s->mount = mount;
	s->answered = answered;
	s->arg_answered = arg;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	slots_close(s->slots);
	turns_free(&s->turns);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- one request ---- */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void handle(struct server *s, struct slot *t)
{
	struct fuse_buf buf = { .size = t->head.len, .mem = t->request };

	if (t->crashes >= CRASHES_MAX || atomic_fetch_add(&t->tries, 1) >= TRIES_MAX) {
		warn(0, "request %u for inode %#llx: %s at it, it is answered by an error",
		     t->head.opcode, (unsigned long long)t->head.nodeid,
		     t->crashes >= CRASHES_MAX ? "two workers crashed" : "many workers ended");
		if (s->refused)
			s->refused(s->arg_refused, t->head.unique);
		slot_refuse(fuse_session_fd(s->session), &t->head, -EIO);
		counts_poisoned();
		slot_empty(t);
		return;
	}
	t->since = now();
	t->thread = (int32_t)syscall(SYS_gettid);
	t->by = getpid();
	DIE_AT("read");
	current = t;
	fall_at(t);
	fuse_session_process_buf(s->session, &buf);
	fall_at(NULL);
	current = NULL;
	if (s->counts)
		s->answered(s->arg_answered, &t->head, now() - t->since);
	DIE_AT("reply");
	slot_empty(t);
}

/* 0: there is a request. */
static int take(struct server *s, struct slot *t)
{
	ssize_t n = read(fuse_session_fd(s->session), t->request, sizeof(t->request));

	if (n >= (ssize_t)sizeof(t->head)) {
		slots_count_taken(s->slots);
		return 0;
	}
	/* ENOENT: it was taken back while we took it. */
	return n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT) ? -EAGAIN
	       : n < 0							       ? -errno
									       : -EBADMSG;
}

/* Whose it is: containers by name have inodes of their own, the others a range of users, or not. */
static struct ask ask_of(const struct slot *t)
{
	struct at at = at_of(t->head.nodeid);
	struct ask ask = {
		.owner = at.slot ? at.slot : 1ull << 32 | t->head.uid >> 16,
		.alone = t->crashes > 0, /* so that the next crash shows which it was */
		.small = t->head.len <= SMALL_SIZE,
		/* What was open would be so for ever. There are never many: it is not waited for.
		 */
		.must = t->head.opcode == FUSE_RELEASE || t->head.opcode == FUSE_RELEASEDIR,
	};

	if (t->head.opcode == FUSE_FORGET || t->head.opcode == FUSE_BATCH_FORGET ||
	    t->head.opcode == FUSE_INTERRUPT)
		ask = (struct ask){ .owner = OWNER_NONE };
	return ask;
}

static bool one_waits(void *arg)
{
	struct pollfd p = { .fd = fuse_session_fd(((struct server *)arg)->session),
			    .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

static void move(void *arg, unsigned from, unsigned to)
{
	struct server *s = arg;

	slot_move(slot_at(s->slots, from), slot_at(s->slots, to));
}

/* ---- a thread ---- */

/* False: no more can be read. */
static bool fill(struct server *s, unsigned i, struct ask *ask)
{
	struct slot *t = slot_at(s->slots, i);
	int r = take(s, t);

	*ask = r == 0 ? ask_of(t) : (struct ask){ 0 };
	if (r < 0 && r != -EAGAIN)
		s->failure = r;
	return r == 0 || r == -EAGAIN;
}

/* Its container has as many waiting as it may: it hears that, and the others do not wait for it. */
static void refuse_one(struct server *s, unsigned me, unsigned i)
{
	struct slot *t = slot_at(s->slots, i);
	int err = t->head.opcode == FUSE_OPEN ? -ENFILE : -EAGAIN;

	slot_refuse(fuse_session_fd(s->session), &t->head, err);
	counts_refused(t->head.opcode, err);
	slot_empty(t);
	turns_done(&s->turns, me, i);
}

static void serve(struct server *s, unsigned me)
{
	enum turn turn;
	struct ask ask;
	bool fresh, on = true;
	unsigned i;

	while (on && !s->stop && !fuse_session_exited(s->session) &&
	       turns_next(&s->turns, me, &i, &fresh)) {
		if (fresh) {
			on = fill(s, i, &ask);
			turn = turns_filled(&s->turns, me, i, ask);
			if (turn == TURN_OVER)
				refuse_one(s, me, i);
			if (turn != TURN_MINE)
				continue;
		}
		left = s->left[i];
		handle(s, slot_at(s->slots, i));
		s->left[i] = left = false;
		turns_done(&s->turns, me, i);
	}
}

static void *run(void *arg)
{
	struct server *s = ((struct arg *)arg)->all;
	unsigned me = ((struct arg *)arg)->me;

	counts_thread(s->counts, s->mount, me);
	serve(s, me);
	if (s->failure)
		s->on_failure();
	/* Who is first to learn that it is over tells those that wait for a slot. */
	turns_stop(&s->turns);
	pthread_mutex_lock(&s->lock);
	s->alive[me] = false;
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- all of them ---- */

static void wake(int sig)
{
	(void)sig;
}

/* The first session has the kernel's first request; those after it are told the same again. */
int server_begin(struct server *s, struct fuse_session *se)
{
	struct slot *t = slot_at(s->slots, 0);
	struct fuse_buf buf;
	int r = 0;

	s->session = se;
	if (slots_greeting(s->slots, &buf) < 0) {
		do {
			r = t->head.unique ? 0 : take(s, t);
		} while (r == -EAGAIN && !s->stop);
		if (r == 0)
			r = slots_greeted(s->slots, t);
		if (r == 0)
			r = slots_greeting(s->slots, &buf);
		if (r < 0)
			return r;
	}
	fuse_session_process_buf(s->session, &buf);
	if (t->head.opcode == FUSE_INIT)
		slot_empty(t);
	return 0;
}

/* A worker that ended while it moved one left it twice. */
static bool is_twice(struct server *s, unsigned large)
{
	uint64_t unique = slot_at(s->slots, large)->head.unique;

	for (unsigned i = TURN_LARGE; i < SLOTS && unique; i++)
		if (slot_at(s->slots, i)->head.unique == unique)
			return true;
	return false;
}

static void take_left(struct server *s)
{
	static struct ask ask[SLOTS]; /* more than a stack has */

	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *t = slot_at(s->slots, i);

		if (i < TURN_LARGE && is_twice(s, i))
			slot_empty(t);
		s->left[i] = t->head.unique != 0;
		ask[i] = s->left[i] ? ask_of(t) : (struct ask){ 0 };
	}
	turns_free(&s->turns);
	turns_init(&s->turns, ask, one_waits, move, s);
}

int server_start(struct server *s, unsigned threads, void (*on_failure)(void))
{
	struct sigaction act = { .sa_handler = wake };
	int r = 0;

	sigaction(SIGUSR1, &act, NULL);
	s->on_failure = on_failure;
	fall_hear(s->slots);
	take_left(s);
	while (r == 0 && s->n < threads) {
		unsigned n = s->n;

		s->arg[n] = (struct arg){ s, n };
		pthread_mutex_lock(&s->lock);
		r = -pthread_create(&s->thread[n], NULL, run, &s->arg[n]);
		s->alive[n] = r == 0;
		s->n += r == 0;
		pthread_mutex_unlock(&s->lock);
	}
	return r;
}

int server_join(struct server *s)
{
	while (s->n)
		pthread_join(s->thread[--s->n], NULL);
	return s->failure;
}

void server_stop(struct server *s)
{
	struct timespec ms = { 0, 1000000 };
	bool any = true;

	s->stop = true;
	turns_stop(&s->turns);
	/* Again and again: one may have been about to wait when it was told. */
	while (any) {
		any = false;
		pthread_mutex_lock(&s->lock);
		for (int i = 0; i < TURN_THREADS; i++)
			if (s->alive[i]) {
				any = true;
				pthread_kill(s->thread[i], SIGUSR1);
			}
		pthread_mutex_unlock(&s->lock);
		nanosleep(&ms, NULL);
	}
}
