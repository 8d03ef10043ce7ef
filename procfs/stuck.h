/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workers and requests that do not get on. By the clock alone a machine that is slow would look
 * like that: so what counts is how often they were looked at and had done nothing, though
 * there was a CPU to be had.
 */
#pragma once

#include "procfs/daemon.h"
#include "procfs/slots.h"

#define STUCK_LOOKS 5	 /* a second each */
#define STUCK_BUSY  3	 /* at a busy machine so many looks are worth one */
#define STUCK_MOST  60	 /* … whatever the reason */
#define STUCK_CPU   5000 /* ms of CPU time, for one request */

/* What a thread has had so far: ns. */
struct spent {
	uint64_t ran, late; /* on a CPU; waiting for one */
};

/* A request in hand. */
struct look {
	struct slot *slot; /* NULL: none */
	uint64_t since;
	struct spent first, last;
	unsigned seen, asleep; /* looks; parts of them, STUCK_BUSY each */
};

struct looks {
	/* False: it cannot be known. @thread 0: all of the process, as far as it ran. */
	bool (*spent)(pid_t process, pid_t thread, struct spent *out);
	struct look look[64];
	pid_t worker;
	bool moved, busy; /* since the last time: the worker ran, the machine was */
	struct spent worker_last, self_last;
	struct idle {
		uint64_t taken;
		unsigned seen, asleep; /* with requests that wait, and none taken */
	} idle[N_MOUNTS];
};

bool spent_by(pid_t process, pid_t thread, struct spent *out);

/*
 * Look at what this worker has in hand, a second after the last time. Returns how many requests
 * do not get on, at most @n, into @out.
 */
unsigned stuck_requests(struct looks *l, struct slots *const all[N_MOUNTS], pid_t worker,
			struct slot *out[], unsigned n);
/*
 * Right after that: does the worker itself? @wait: there are requests that it does not take; it
 * has taken so many.
 */
bool stuck_worker(struct looks *l, int mount, bool wait, uint64_t taken);
