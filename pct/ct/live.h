/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes to a container: at once where it does not run, or the kernel can; else at its next start.
 */
#pragma once

#include <sys/types.h>

#include "pct/conf/config.h"

/* A container that runs, for the `apply` of its keys. */
struct live {
	unsigned vmid;
	pid_t init;
	const struct config *config; /* pending_get() says what will be of other keys */
	bool force;		     /* do it although processes in it may die of it */
};

/*
 * Make so what is pending, key by key, as far as can be: @c is changed, and has still pending what
 * needs a start. What fails is said, and not pending any more, or what was so in @before is again;
 * the others are done all the same.
 */
int change_apply(unsigned vmid, struct config *c, const struct config *before, bool force);

/* Likewise of all that is pending, for a container that is about to start. */
int change_make_all(unsigned vmid, struct config *c);

/* The conf as it will be then; nothing is done. */
int change_take_all(struct config *c);
