/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One thread hears all monitors, and writes into the memory of their containers. There it can be
 * kept waiting for as long as a container likes: a page may be one of a file system of its own. So
 * somebody looks. If it takes a while another thread goes on hearing, and if it takes long the call
 * is answered without it. A thread that waits so cannot be ended; each connection has at most one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

#define HANDS_MAX 32

struct hands;
struct hand; /* a thread */

struct hands_calls {
	void (*lead)(void *arg, struct hand *me); /* hear all monitors */
	/* By another thread; meanwhile hand_leave() waits. */
	void (*set_aside)(void *arg, uint32_t number); /* hear that one no more */
	void (*give_up)(void *arg, uint32_t number);   /* answer its call, and hear it again */
};

int hands_start(const struct hands_calls *calls, void *arg, struct hands **out) MUST_CHECK;
/* It was told to end, and does. False: some cannot; nothing they may use is to be freed. */
bool hands_stop(struct hands *h);

/* Around what may take long, for connection @number. */
void hand_enter(struct hand *me, uint32_t number);

enum hand_is {
	HAND_LEADS, /* all is as before */
	HAND_ALONE, /* another thread hears now; answer this call, have it heard again, and return
		     */
	HAND_LATE,  /* it has been answered: only return */
};
enum hand_is hand_leave(struct hand *me);

/* Is there somebody who never came back from there? */
bool hands_wait(struct hand *me, uint32_t number);
/* That connection is no more. */
void hands_forget(struct hand *me, uint32_t number);
