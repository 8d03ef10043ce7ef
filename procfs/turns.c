// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/turns.h"

/* ---- who waits; with the lock held ---- */

static struct line *find_line(struct turns *t, uint64_t owner)
{
	for (unsigned i = 0; i < t->n_lines; i++)
		if (t->line[i].owner == owner)
			return &t->line[i];
	return NULL;
}

static void put_aside(struct turns *t, unsigned slot, struct ask ask)
{
	struct line *l = find_line(t, ask.owner);

	t->ask[slot] = ask;
	if (!l) {
		l = &t->line[t->n_lines++];
		*l = (struct line){ .owner = ask.owner, .first = (uint16_t)slot };
	} else {
		t->next[l->last] = (uint16_t)slot;
	}
	l->last = (uint16_t)slot;
	l->large += slot < TURN_LARGE;
	l->small += slot >= TURN_LARGE;
}

/* The first one of a line, which then is the last line. */
static unsigned take_aside(struct turns *t, unsigned at)
{
	struct line l = t->line[at];
	unsigned slot = l.first;

	l.first = t->next[slot];
	l.large -= slot < TURN_LARGE;
	l.small -= slot >= TURN_LARGE;
	t->n_lines--;
	memmove(&t->line[at], &t->line[at + 1], (t->n_lines - at) * sizeof(l));
	if (l.large + l.small)
		t->line[t->n_lines++] = l;
	return slot;
}

static bool may_begin(const struct turns *t, struct ask ask)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TURN_THREADS && ask.owner != OWNER_NONE; i++) {
		const struct ask *busy = &t->busy[i];

		if (ask.alone && busy->alone)
			return false;
		if (busy->owner != ask.owner)
			continue;
		if (ask.alone || busy->alone)
			return false;
		n++;
	}
	return n < TURNS_EACH;
}

/* A line whose first may be begun; n_lines: none. */
static unsigned find_aside(const struct turns *t)
{
	unsigned i = 0;

	while (i < t->n_lines && !may_begin(t, t->ask[t->line[i].first]))
		i++;
	return i;
}

/*
 * May one more of an owner's wait? Each has a share, and of what is free never more than it leaves
 * to others: so many of them together do not take all either.
 */
static bool may_wait(struct turns *t, struct ask ask)
{
	const struct line *l = find_line(t, ask.owner);

	if (ask.must)
		return true;
	if (ask.small)
		return (l ? l->small : 0) < MIN(SHARE_SMALL, t->n_small);
	return (l ? l->large : 0) < MIN(SHARE_LARGE, t->n_large);
}

static void give_back(struct turns *t, unsigned slot)
{
	if (slot < TURN_LARGE)
		t->large[t->n_large++] = (uint16_t)slot;
	else
		t->small[t->n_small++] = (uint16_t)slot;
	pthread_cond_signal(&t->more);
}

/* The kernel is to have its slot back. */
static void move_aside(struct turns *t, unsigned slot, struct ask ask)
{
	unsigned to = slot;

	if (ask.small && t->n_small) {
		to = t->small[--t->n_small];
		t->move(t->arg, slot, to);
		give_back(t, slot);
	}
	put_aside(t, to, ask);
}

/*
 * Nobody hears what newly comes, and something does: every other time that goes first, up to one
 * that can be answered, so that those who have much put aside do not keep others from being heard.
 */
static bool must_ask(const struct turns *t, unsigned me)
{
	return t->n_large && !t->reading && !t->asked[me] && t->waits(t->arg);
}

/* ---- for the threads ---- */

void turns_init(struct turns *t, const struct ask left[TURN_SLOTS], bool (*waits)(void *arg),
		void (*move)(void *arg, unsigned from, unsigned to), void *arg)
{
	memset(t, 0, sizeof(*t));
	t->waits = waits;
	t->move = move;
	t->arg = arg;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->more, NULL);
	for (unsigned i = TURN_SLOTS; i-- > 0;)
		if (!left[i].owner)
			give_back(t, i);
	/* Suspects first: what comes after them of the same container waits for the verdict. */
	for (int alone = 1; alone >= 0; alone--)
		for (unsigned i = 0; i < TURN_SLOTS; i++)
			if (left[i].owner && left[i].alone == alone)
				put_aside(t, i, left[i]);
}

void turns_free(struct turns *t)
{
	pthread_cond_destroy(&t->more);
	pthread_mutex_destroy(&t->lock);
}

void turns_stop(struct turns *t)
{
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_broadcast(&t->more);
	pthread_mutex_unlock(&t->lock);
}

bool turns_next(struct turns *t, unsigned me, unsigned *slot, bool *fresh)
{
	bool go;

	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		unsigned at = find_aside(t);

		*fresh = at == t->n_lines || must_ask(t, me);
		t->asked[me] = *fresh;
		if (!*fresh) {
			*slot = take_aside(t, at);
			t->busy[me] = t->ask[*slot];
			break;
		}
		if (t->n_large) {
			*slot = t->large[--t->n_large];
			t->reading++;
			break;
		}
		/* All are in hand or put aside: who answers them goes on with these. */
		pthread_cond_wait(&t->more, &t->lock);
	}
	go = !t->stop;
	pthread_mutex_unlock(&t->lock);
	return go;
}

enum turn turns_filled(struct turns *t, unsigned me, unsigned slot, struct ask ask)
{
	enum turn turn = TURN_ASIDE;

	pthread_mutex_lock(&t->lock);
	t->reading--;
	if (!ask.owner) {
		give_back(t, slot);
	} else if (may_begin(t, ask) && !find_line(t, ask.owner)) {
		t->busy[me] = ask;
		turn = TURN_MINE;
	} else if (may_wait(t, ask)) {
		move_aside(t, slot, ask);
		t->asked[me] = false;
	} else {
		turn = TURN_OVER;
	}
	pthread_mutex_unlock(&t->lock);
	return turn;
}

void turns_done(struct turns *t, unsigned me, unsigned slot)
{
	pthread_mutex_lock(&t->lock);
	t->busy[me] = (struct ask){ 0 };
	give_back(t, slot);
	pthread_mutex_unlock(&t->lock);
}
