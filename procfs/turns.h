/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose turn it is. The kernel hands out requests in the order they came, and many of one
 * container would keep all threads waiting for its lock. So only some threads answer one
 * container at a time; what more of it comes is put aside, in its slot, until one of them is done
 * or everybody else is.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

#define TURN_THREADS 16
#define TURN_SLOTS   128
#define TURNS_EACH   2 /* threads, that answer one container */

#define OWNER_NONE UINT64_MAX	    /* it takes no time: it is never put aside */
#define OWNER_ONE  (UINT64_MAX - 1) /* one at a time */

struct turns {
	pthread_mutex_t lock;
	pthread_cond_t more;	     /* there is a slot */
	uint64_t busy[TURN_THREADS]; /* with whose; 0: with nobody's */
	bool asked[TURN_THREADS];    /* the kernel, last time */
	unsigned reading;	     /* threads that wait for the kernel */
	bool stop;
	unsigned n_free, n_aside;
	uint8_t free[TURN_SLOTS];  /* slots, the last one is used first */
	uint8_t aside[TURN_SLOTS]; /* slots, by age */
	uint64_t owner[TURN_SLOTS];
	bool (*waits)(void *arg); /* is there a request to be had from the kernel? */
	void *arg;
};

/* @left: of each slot, whose request is in there; 0: it is empty. */
void turns_init(struct turns *t, const uint64_t left[TURN_SLOTS], bool (*waits)(void *arg),
		void *arg);
void turns_free(struct turns *t);
/* Nobody gets a turn any more. */
void turns_stop(struct turns *t);

/*
 * What thread @me is to do: answer the request in the slot, which was put aside; or with *fresh,
 * have the kernel fill it and say turns_filled(). False: nothing any more.
 */
bool turns_next(struct turns *t, unsigned me, unsigned *slot, bool *fresh) MUST_CHECK;

/* @owner: whose request it is; 0: there is none. True: answer it; false: it is not this one's. */
bool turns_filled(struct turns *t, unsigned me, unsigned slot, uint64_t owner) MUST_CHECK;

/* It is answered, and the slot is empty. */
void turns_done(struct turns *t, unsigned me, unsigned slot);
