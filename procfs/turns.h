/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose turn it is. The kernel hands out requests in the order they came, and many of one
 * container would keep all threads waiting for its lock. So only some threads answer one
 * container at a time; what more of it comes is put aside until one of them is done or everybody
 * else is.
 *
 * The kernel writes into large slots only, and those are few. What is put aside moves to a small
 * one, of which each container can have a share, and no more than are left for others.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

#define TURN_THREADS 16
#define TURN_LARGE   128
#define TURN_SMALL   4096
#define TURN_SLOTS   (TURN_LARGE + TURN_SMALL)
#define TURNS_EACH   2	   /* threads, that answer one container */
#define SHARE_SMALL  1024u /* slots, that one container has at most */
#define SHARE_LARGE  16u

#define OWNER_NONE UINT64_MAX /* it takes no time: it is never put aside */

/* What there is to know of a request. */
struct ask {
	uint64_t owner; /* whose; 0: there is none */
	bool alone;	/* a suspect: nothing else of its owner meanwhile, nor another suspect */
	bool small;	/* it has room in a small slot */
	bool must;	/* it cannot be refused */
};

/* Requests of one owner that are put aside. */
struct line {
	uint64_t owner;
	uint16_t first, last;
	uint16_t large, small; /* slots */
};

struct turns {
	pthread_mutex_t lock;
	pthread_cond_t more;	       /* there is a slot */
	struct ask busy[TURN_THREADS]; /* with what */
	bool asked[TURN_THREADS];      /* the kernel, last time */
	unsigned reading;	       /* threads that wait for the kernel */
	bool stop;
	unsigned n_large, n_small; /* free ones: the last one is used first */
	uint16_t large[TURN_LARGE], small[TURN_SMALL];
	unsigned n_lines; /* who was answered last is last */
	struct line line[TURN_SLOTS];
	struct ask ask[TURN_SLOTS];
	uint16_t next[TURN_SLOTS]; /* in its line */
	bool (*waits)(void *arg);  /* is there a request to be had from the kernel? */
	void (*move)(void *arg, unsigned from, unsigned to); /* a request to another slot */
	void *arg;
};

enum turn {
	TURN_MINE,  /* answer it */
	TURN_ASIDE, /* it will be somebody's, or there was none */
	TURN_OVER,  /* its owner has all it may: refuse it, and say turns_done() */
};

/* @left: of each slot, what is in there. */
void turns_init(struct turns *t, const struct ask left[TURN_SLOTS], bool (*waits)(void *arg),
		void (*move)(void *arg, unsigned from, unsigned to), void *arg);
void turns_free(struct turns *t);
/* Nobody gets a turn any more. */
void turns_stop(struct turns *t);

/*
 * What thread @me is to do: answer the request in the slot, which was put aside; or with *fresh,
 * have the kernel fill it, a large one, and say turns_filled(). False: nothing any more.
 */
bool turns_next(struct turns *t, unsigned me, unsigned *slot, bool *fresh) MUST_CHECK;

enum turn turns_filled(struct turns *t, unsigned me, unsigned slot, struct ask ask) MUST_CHECK;

/* It is answered, and the slot is empty. */
void turns_done(struct turns *t, unsigned me, unsigned slot);
