// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/say.h"
#include "procfs/daemon.h"
#include "procfs/die.h"
#include "procfs/open.h"
#include "procfs/slots.h"

#define MAGIC	    0x32746f6c73636370 /* "pccslot2": the layout below */
#define CRASHES_MAX 2
#define TRIES_MAX   20 /* however the workers ended */

struct first {
	uint64_t magic;
	uint32_t init_len; /* 0: the connection has not begun */
	char init[1024];   /* the kernel's first request, for every session after the first */
	_Atomic uint64_t taken;
};

struct slots {
	struct first *first;
	struct slot *slot;
	struct fuse_session *session;
	atomic_bool stop;
	atomic_int failure; /* why a thread ended by itself */
	void (*on_failure)(void);
	struct turns turns;
	bool left[SLOTS];     /* by another worker */
	pthread_mutex_t lock; /* of who is alive */
	bool alive[TURN_THREADS];
	unsigned n; /* threads */
	pthread_t thread[TURN_THREADS];
	struct arg {
		struct slots *all;
		unsigned me;
	} arg[TURN_THREADS];
};

#define FIRST_SIZE ((size_t)4096)
#define FILE_SIZE  (FIRST_SIZE + SLOTS * sizeof(struct slot))

static _Thread_local struct slot *current;
static _Thread_local bool left;

const struct slot *slot_current(void)
{
	return current;
}

uint64_t slot_unique(void)
{
	return current ? current->head.unique : 0;
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

/*
 * Every page is there from the start, and stays: one that had to be fetched while its worker is
 * being killed would fail the kernel's copy, and with it the request.
 */
static char *map_slots(int fd)
{
	char *map = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (map != MAP_FAILED && mlock(map, FILE_SIZE) < 0)
		debug("keep the requests in memory: %s", strerror(errno));
	return map;
}

/* What another program made is left as it is: that may be in the middle of it. */
static int make_room(int fd)
{
	uint64_t magic = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0)
		return ftruncate(fd, FILE_SIZE) < 0 ? -errno : 0;
	if (st.st_size != FILE_SIZE || pread(fd, &magic, sizeof(magic), 0) != sizeof(magic))
		return -EBADMSG;
	return !magic || magic == MAGIC ? 0 : -EBADMSG;
}

int slots_open(int fd, struct slots **out)
{
	struct slots *s;
	char *map;
	int r = make_room(fd);

	if (r < 0)
		return r;
	map = map_slots(fd);
	if (map == MAP_FAILED)
		return -errno;
	s = calloc(1, sizeof(*s));
	if (!s) {
		munmap(map, FILE_SIZE);
		return -ENOMEM;
	}
	pthread_mutex_init(&s->lock, NULL);
	turns_init(&s->turns, (uint64_t[SLOTS]){ 0 }, NULL, NULL);
	s->first = (void *)map;
	s->slot = (void *)(map + FIRST_SIZE);
	s->first->magic = MAGIC;
	*out = s;
	return 0;
}

void slots_close(struct slots *s)
{
	if (!s)
		return;
	munmap(s->first, FILE_SIZE);
	turns_free(&s->turns);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

struct slot *slot_at(struct slots *s, unsigned i)
{
	return &s->slot[i];
}

unsigned slots_in_hand(struct slots *s)
{
	unsigned n = 0;

	for (int i = 0; i < SLOTS; i++)
		n += s->slot[i].head.unique != 0;
	return n;
}

uint64_t slots_taken(const struct slots *s)
{
	return s->first->taken;
}

void slots_blame(struct slots *s, int32_t worker)
{
	for (int i = 0; i < SLOTS; i++)
		if (s->slot[i].head.unique && s->slot[i].by == worker)
			s->slot[i].crashes++;
}

/* ---- one request ---- */

void slot_refuse(int fuse_fd, const struct fuse_in_header *head, int err)
{
	struct fuse_out_header out = { sizeof(out), err, head->unique };

	if (head->opcode == FUSE_FORGET || head->opcode == FUSE_BATCH_FORGET ||
	    head->opcode == FUSE_INTERRUPT)
		return;
	/* ENOENT: it was answered before. */
	if (write(fuse_fd, &out, sizeof(out)) < 0 && errno != ENOENT)
		warn(-errno, "refuse a request");
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* The header goes first: without a number nobody takes what is behind it for a request. */
static void empty(struct slot *t)
{
	memset(&t->head, 0, sizeof(t->head));
	atomic_thread_fence(memory_order_release);
	t->since = 0;
	t->by = 0;
	t->tries = t->crashes = 0;
}

static void handle(struct slots *s, struct slot *t)
{
	struct fuse_buf buf = { .size = t->head.len, .mem = t->request };

	if (t->crashes >= CRASHES_MAX || atomic_fetch_add(&t->tries, 1) >= TRIES_MAX) {
		warn(0, "request %u for inode %#llx: %s at it, it is answered by an error",
		     t->head.opcode, (unsigned long long)t->head.nodeid,
		     t->crashes >= CRASHES_MAX ? "two workers crashed" : "many workers ended");
		slot_refuse(fuse_session_fd(s->session), &t->head, -EIO);
		empty(t);
		return;
	}
	t->since = now();
	t->by = getpid();
	DIE_AT("read");
	current = t;
	fuse_session_process_buf(s->session, &buf);
	current = NULL;
	DIE_AT("reply");
	empty(t);
}

/* 0: there is a request. */
static int take(struct slots *s, struct slot *t)
{
	ssize_t n = read(fuse_session_fd(s->session), t->request, sizeof(t->request));

	if (n >= (ssize_t)sizeof(t->head)) {
		s->first->taken++;
		return 0;
	}
	/* ENOENT: it was taken back while we took it. */
	return n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT) ? -EAGAIN
	       : n < 0							       ? -errno
									       : -EBADMSG;
}

/* Whose it is: containers by name have inodes of their own, the others a range of users, or not. */
static uint64_t owner_of_request(const struct slot *t)
{
	struct at at = at_of(t->head.nodeid);

	if (t->crashes) /* one of them at a time, so that the next crash shows which it was */
		return OWNER_ONE;
	if (t->head.opcode == FUSE_FORGET || t->head.opcode == FUSE_BATCH_FORGET ||
	    t->head.opcode == FUSE_INTERRUPT)
		return OWNER_NONE;
	return at.slot ? at.slot : 1ull << 32 | t->head.uid >> 16;
}

static bool one_waits(void *arg)
{
	struct pollfd p = { .fd = fuse_session_fd(((struct slots *)arg)->session),
			    .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

/* False: no more can be read. */
static bool fill(struct slots *s, unsigned i, uint64_t *owner)
{
	int r = take(s, &s->slot[i]);

	*owner = r == 0 ? owner_of_request(&s->slot[i]) : 0;
	if (r < 0 && r != -EAGAIN)
		s->failure = r;
	return r == 0 || r == -EAGAIN;
}

static void serve(struct slots *s, unsigned me)
{
	uint64_t owner;
	bool fresh, on = true;
	unsigned i;

	while (on && !s->stop && !fuse_session_exited(s->session) &&
	       turns_next(&s->turns, me, &i, &fresh)) {
		if (fresh) {
			on = fill(s, i, &owner);
			if (!turns_filled(&s->turns, me, i, owner))
				continue;
		}
		left = s->left[i];
		handle(s, &s->slot[i]);
		s->left[i] = left = false;
		turns_done(&s->turns, me, i);
	}
}

static void *run(void *arg)
{
	struct slots *s = ((struct arg *)arg)->all;
	unsigned me = ((struct arg *)arg)->me;

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
int slots_begin(struct slots *s, struct fuse_session *se)
{
	struct slot *t = &s->slot[0];
	struct fuse_buf buf;
	int r = 0;

	s->session = se;
	if (!s->first->init_len) {
		do {
			r = t->head.unique ? 0 : take(s, t);
		} while (r == -EAGAIN && !s->stop);
		if (r < 0)
			return r;
		if (t->head.opcode != FUSE_INIT || t->head.len > sizeof(s->first->init))
			return -EPROTO;
		memcpy(s->first->init, t->request, t->head.len);
		s->first->init_len = t->head.len;
	}
	buf = (struct fuse_buf){ .size = s->first->init_len, .mem = s->first->init };
	fuse_session_process_buf(s->session, &buf);
	if (t->head.opcode == FUSE_INIT)
		empty(t);
	return 0;
}

int slots_start(struct slots *s, unsigned threads, void (*on_failure)(void))
{
	struct sigaction act = { .sa_handler = wake };
	uint64_t owner[SLOTS];
	int r = 0;

	sigaction(SIGUSR1, &act, NULL);
	s->on_failure = on_failure;
	for (int i = 0; i < SLOTS; i++) {
		s->left[i] = s->slot[i].head.unique != 0;
		owner[i] = s->left[i] ? owner_of_request(&s->slot[i]) : 0;
	}
	turns_free(&s->turns);
	turns_init(&s->turns, owner, one_waits, s);
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

int slots_join(struct slots *s)
{
	while (s->n)
		pthread_join(s->thread[--s->n], NULL);
	return s->failure;
}

void slots_stop(struct slots *s)
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
