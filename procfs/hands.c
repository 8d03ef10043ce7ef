// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/hands.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>

#define LOOK_MS	   10	/* how often, while there is something to do */
#define WHILE_MS   20	/* then somebody else hears */
#define LONG_MS	   5000 /* of the 30 s that a monitor has patience */
#define REST_AFTER 100	/* looks at nothing */
#define STOP_MS	   1000

enum state {
	FREE,	/* no thread */
	LEADS,	/* hears */
	INSIDE, /* the same one, where it may take long */
	ALONE,	/* there, and no longer who hears */
	LATE,	/* its call was answered */
};

struct hand {
	struct hands *all;
	pthread_t thread;
	enum state state;
	uint32_t number;
	uint64_t since; /* ms */
};

struct hands {
	struct hands_calls calls;
	void *arg;
	pthread_mutex_t lock; /* of all hands */
	struct hand hand[HANDS_MAX];
	struct hand *leader;
	unsigned away; /* that are alone or late */
	unsigned entered;
	atomic_bool looks;
	atomic_bool end;
	int wake;
	pthread_t looker;
};

static uint64_t ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void *run(void *arg)
{
	struct hand *me = arg;
	struct hands *h = me->all;

	/* Who began it has something to do first. */
	pthread_mutex_lock(&h->lock);
	pthread_mutex_unlock(&h->lock);
	h->calls.lead(h->arg, me);
	pthread_mutex_lock(&h->lock);
	if (me != h->leader) { /* else somebody waits for it */
		pthread_detach(pthread_self());
		me->state = FREE;
		h->away--;
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* ---- with the lock held ---- */

static int begin(struct hands *h)
{
	struct hand *me = h->hand;
	int r;

	while (me < h->hand + HANDS_MAX && me->state != FREE)
		me++;
	if (me == h->hand + HANDS_MAX)
		return -EAGAIN;
	*me = (struct hand){ .all = h };
	r = -pthread_create(&me->thread, NULL, run, me);
	if (r < 0)
		return r;
	me->state = LEADS;
	h->leader = me;
	return 0;
}

static void look_at(struct hands *h, struct hand *one, uint64_t now)
{
	/* If there can be no other thread now there can be one later. */
	if (one->state == INSIDE && now >= one->since + WHILE_MS && begin(h) == 0) {
		h->calls.set_aside(h->arg, one->number);
		one->state = ALONE;
		h->away++;
	}
	if (one->state == ALONE && now >= one->since + LONG_MS) {
		one->state = LATE;
		h->calls.give_up(h->arg, one->number);
	}
}

/* ---- who looks ---- */

static bool look(struct hands *h)
{
	uint64_t now = ms();
	bool busy;

	pthread_mutex_lock(&h->lock);
	for (struct hand *one = h->hand; one < h->hand + HANDS_MAX; one++)
		look_at(h, one, now);
	busy = h->away || h->entered || h->leader->state == INSIDE;
	h->entered = 0;
	pthread_mutex_unlock(&h->lock);
	return busy;
}

/* While nothing is asked it sleeps. */
static void *look_on(void *arg)
{
	struct hands *h = arg;
	struct pollfd p = { h->wake, POLLIN, 0 };
	unsigned rest = 0;
	eventfd_t n;

	while (!atomic_load(&h->end)) {
		rest = look(h) ? 0 : rest + 1;
		atomic_store(&h->looks, rest < REST_AFTER);
		/* Who came before it was said that nobody looks. */
		if (rest >= REST_AFTER && look(h))
			rest = 0;
		if (poll(&p, 1, rest < REST_AFTER ? LOOK_MS : -1) == 1)
			(void)eventfd_read(h->wake, &n);
	}
	return NULL;
}

/* ---- for the threads ---- */

void hand_enter(struct hand *me, uint32_t number)
{
	struct hands *h = me->all;

	pthread_mutex_lock(&h->lock);
	me->number = number;
	me->since = ms();
	me->state = INSIDE;
	h->entered++;
	pthread_mutex_unlock(&h->lock);
	if (!atomic_load(&h->looks))
		(void)eventfd_write(h->wake, 1);
}

enum hand_is hand_leave(struct hand *me)
{
	struct hands *h = me->all;
	enum hand_is is;

	pthread_mutex_lock(&h->lock);
	is = me->state == INSIDE ? HAND_LEADS : me->state == ALONE ? HAND_ALONE : HAND_LATE;
	/* What it still has to do takes no time. */
	me->state = LEADS;
	pthread_mutex_unlock(&h->lock);
	return is;
}

bool hands_wait(struct hand *me, uint32_t number)
{
	struct hands *h = me->all;
	bool waits = false;

	pthread_mutex_lock(&h->lock);
	for (unsigned i = 0; h->away && i < HANDS_MAX; i++)
		waits |= h->hand[i].state == LATE && h->hand[i].number == number;
	pthread_mutex_unlock(&h->lock);
	return waits;
}

void hands_forget(struct hand *me, uint32_t number)
{
	struct hands *h = me->all;

	pthread_mutex_lock(&h->lock);
	for (unsigned i = 0; h->away && i < HANDS_MAX; i++)
		if (h->hand[i].state == LATE && h->hand[i].number == number)
			h->hand[i].number = 0;
	pthread_mutex_unlock(&h->lock);
}

int hands_start(const struct hands_calls *calls, void *arg, struct hands **out)
{
	struct hands *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->calls = *calls;
	h->arg = arg;
	pthread_mutex_init(&h->lock, NULL);
	h->wake = eventfd(0, EFD_CLOEXEC);
	r = h->wake < 0 ? -EMFILE : 0;
	*out = h; /* for a leader that begins at once */
	pthread_mutex_lock(&h->lock);
	if (r == 0)
		r = begin(h);
	if (r == 0)
		r = -pthread_create(&h->looker, NULL, look_on, h);
	pthread_mutex_unlock(&h->lock);
	return r; /* without threads the daemon ends, and its memory with it */
}

bool hands_stop(struct hands *h)
{
	struct timespec until;
	bool gone;

	atomic_store(&h->end, true);
	(void)eventfd_write(h->wake, 1);
	pthread_join(h->looker, NULL);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_MS / 1000;
	gone = pthread_timedjoin_np(h->leader->thread, NULL, &until) == 0;
	pthread_mutex_lock(&h->lock);
	gone = gone && !h->away;
	pthread_mutex_unlock(&h->lock);
	if (!gone)
		return false;
	close_fd(&h->wake);
	pthread_mutex_destroy(&h->lock);
	free(h);
	return true;
}
