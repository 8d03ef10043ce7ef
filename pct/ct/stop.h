/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container's end by command, under its lock. All of these say what is wrong.
 */
#pragma once

#include "pct/conf/store.h"

#define SHUTDOWN_S 60 /* how long a shutdown may take if not told otherwise */

/* At once. @skiplock: whatever long operation its conf is locked for. */
int stop_container(unsigned vmid, bool skiplock);

enum {
	SHUTDOWN_FORCE = 1,    /* kill it when its time is over */
	SHUTDOWN_AGAIN = 2,    /* it is to start again: pct reboot */
	SHUTDOWN_SKIPLOCK = 4, /* whatever long operation its conf is locked for */
};

/*
 * Its init is asked to, and has @seconds. Others may do what they want meanwhile, stop it too. With
 * SHUTDOWN_AGAIN @lock keeps others from starting it, and is to be released after the start.
 */
int shutdown_container(unsigned vmid, int seconds, unsigned how, struct lock *lock);

/* Refuse what its conf is locked for; `mounted` does not keep it from starting and stopping. */
int check_locked(unsigned vmid, const struct config *c, const char *why);
