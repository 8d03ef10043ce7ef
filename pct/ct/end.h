/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a container that runs: what is to end is held by pidfds, so it is never another one
 * that has come in its place. Nothing here asks the monitor, which may hang.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"

struct running {
	int monitor; /* pidfd; ends last, when nothing of the container is in use any more */
	int init;    /* pidfd; -EBADF: there is none any more */
	pid_t pid;   /* the host's of its init */
};
/* Owned: auto_running r = RUNNING_NONE; */
#define RUNNING_NONE                                                                               \
	{                                                                                          \
		.monitor = -EBADF, .init = -EBADF                                                  \
	}
static inline void running_close(struct running *r)
{
	close_fd(&r->monitor);
	close_fd(&r->init);
}
#define auto_running CLEANUP(running_close) struct running

/* What has just begun to start is waited for. -ESRCH: it does not run, not said. */
int ct_find(unsigned vmid, struct running *out);

/* Ask its init to halt, in the way that it knows. */
int ct_halt(unsigned vmid, const struct running *c);

/*
 * Until its monitor has ended too. @seconds < 0: for ever. -ETIMEDOUT: not said.
 */
int ct_await_end(const struct running *c, int seconds);

/* Kill it, and return when its monitor has ended. */
int ct_kill(unsigned vmid, const struct running *c);

/*
 * What runs no more may still have a monitor, that is at its last hooks: wait for its end, as far
 * as one can be asked to.
 */
void ct_settle(unsigned vmid);
