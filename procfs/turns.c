// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/turns.h"

void turns_init(struct turns *t, const uint64_t left[TURN_SLOTS], bool (*waits)(void *arg),
		void *arg)
{
	*t = (struct turns){ .waits = waits, .arg = arg };
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->more, NULL);
	for (unsigned i = TURN_SLOTS; i-- > 0;)
		if (!left[i])
			t->free[t->n_free++] = (uint8_t)i;
	for (unsigned i = 0; i < TURN_SLOTS; i++) {
		t->owner[i] = left[i];
		if (left[i])
			t->aside[t->n_aside++] = (uint8_t)i;
	}
}

void turns_free(struct turns *t)
{
	pthread_cond_destroy(&t->more);
	pthread_mutex_destroy(&t->lock);
}

/* ---- with the lock held ---- */

static bool may_begin(const struct turns *t, uint64_t owner)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TURN_THREADS; i++)
		n += t->busy[i] == owner;
	return owner == OWNER_NONE || n < (owner == OWNER_ONE ? 1 : TURNS_EACH);
}

/* The oldest that may be begun, by its place; n_aside: none. */
static unsigned find_aside(const struct turns *t)
{
	uint64_t full = 0;
	unsigned i;

	for (i = 0; i < t->n_aside; i++) {
		uint64_t owner = t->owner[t->aside[i]];

		if (owner == full) /* many are the same one's */
			continue;
		if (may_begin(t, owner))
			break;
		full = owner;
	}
	return i;
}

static bool has_aside(const struct turns *t, uint64_t owner)
{
	for (unsigned i = 0; i < t->n_aside; i++)
		if (t->owner[t->aside[i]] == owner)
			return true;
	return false;
}

static unsigned take_aside(struct turns *t, unsigned at)
{
	unsigned slot = t->aside[at];

	t->n_aside--;
	memmove(&t->aside[at], &t->aside[at + 1], t->n_aside - at);
	return slot;
}

static void give_back(struct turns *t, unsigned slot)
{
	t->owner[slot] = 0;
	t->free[t->n_free++] = (uint8_t)slot;
	pthread_cond_signal(&t->more);
}

/*
 * Nobody hears what newly comes, and something does: every other time that goes first, up to one
 * that can be answered, so that those who have much put aside do not keep others from being heard.
 */
static bool must_ask(const struct turns *t, unsigned me)
{
	return t->n_free && !t->reading && !t->asked[me] && t->waits(t->arg);
}

/* ---- for the threads ---- */

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

		*fresh = at == t->n_aside || must_ask(t, me);
		t->asked[me] = *fresh;
		if (!*fresh) {
			*slot = take_aside(t, at);
			t->busy[me] = t->owner[*slot];
			break;
		}
		if (t->n_free) {
			*slot = t->free[--t->n_free];
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

bool turns_filled(struct turns *t, unsigned me, unsigned slot, uint64_t owner)
{
	bool mine;

	pthread_mutex_lock(&t->lock);
	t->reading--;
	mine = owner && may_begin(t, owner) && !has_aside(t, owner);
	if (mine) {
		t->busy[me] = t->owner[slot] = owner;
	} else if (owner) {
		t->owner[slot] = owner;
		t->aside[t->n_aside++] = (uint8_t)slot;
		t->asked[me] = false;
	} else {
		give_back(t, slot);
	}
	pthread_mutex_unlock(&t->lock);
	return mine;
}

void turns_done(struct turns *t, unsigned me, unsigned slot)
{
	pthread_mutex_lock(&t->lock);
	t->busy[me] = 0;
	give_back(t, slot);
	pthread_mutex_unlock(&t->lock);
}
