/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon has done, counted in memory that the keeper holds: the next worker counts on.
 *
 * Each thread that answers requests has a cell of its own there, which nobody else writes: to count
 * is a load and a store, and no cache line goes from one CPU to another. Who asks adds all cells
 * up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "procfs/daemon.h"

struct counts;

#define COUNT_FILES 48 /* rows of files[], and one for all that is none of them */

enum count_op {
	COUNT_OPEN,
	COUNT_READ,
	COUNT_ATTR,
	COUNT_LOOKUP,
	COUNT_CLOSE,
	COUNT_OTHER,
	COUNT_OPS
};
enum count_outcome { COUNT_OK, COUNT_GONE, COUNT_DENIED, COUNT_LIMIT, COUNT_ERROR, COUNT_OUTCOMES };

/* System calls of containers that are asked about, and whether the kernel itself was to answer. */
enum count_call { COUNT_SYSINFO, COUNT_MOUNT, COUNT_MKNOD, COUNT_CALLS };

#define COUNT_BUCKETS 19 /* of latency, and one for what took longer */

/* All that is counted by workers; a cell has the same. */
struct tally {
	uint64_t requests[COUNT_FILES][COUNT_OPS][COUNT_OUTCOMES];
	uint64_t texts[COUNT_FILES][2]; /* made; that could not be */
	uint64_t hits[COUNT_FILES];	/* openers who were shown a text that was there */
	uint64_t misses[COUNT_FILES];	/* … and for whom one was made */
	uint64_t took[COUNT_OPS][COUNT_BUCKETS + 1];
	uint64_t took_ns[COUNT_OPS];
	uint64_t calls[COUNT_CALLS][2];
	uint64_t poisoned; /* answered by an error, as workers crashed at them */
};

/* What the keeper counts: how workers ended, and what it did about it. */
enum count_event {
	COUNT_CRASHED,
	COUNT_KILLED,
	COUNT_STUCK,
	COUNT_EXITED,
	COUNT_TAKEOVER,
	COUNT_REMOUNT,
	COUNT_KEEPER,
	COUNT_EVENTS,
};

extern const char *const count_op_names[COUNT_OPS];
extern const char *const count_call_names[COUNT_CALLS];
extern const char *const count_outcome_names[COUNT_OUTCOMES];
extern const uint64_t count_bounds[COUNT_BUCKETS]; /* ns: the largest that is in a bucket */

/* ---- the keeper's part ---- */

/* NULL: no memory. Nothing is counted then. */
struct counts *counts_hold(int fd);
void counts_event(struct counts *c, enum count_event e);

/* ---- the worker's ---- */

/*
 * @fd -1: a keeper from before there was any holds none; it is the worker's own then. What a worker
 * of another version counted, or of another table of files, is forgotten.
 */
int counts_open(int fd, struct counts **out) MUST_CHECK;
void counts_close(struct counts *c);

/* This thread answers requests, the @me-th of @mount. Without this it counts nothing. */
void counts_thread(struct counts *c, int mount, unsigned me);

/* Of the request that this thread answers: it fails, by a negative errno. */
void counts_fails(int err);
/* … a text was made for it, or could not be. @file: a row of files[]. */
void counts_text(unsigned file, int err);
/* … and that was it. @shows: it is to show the file's text. */
void counts_request(unsigned file, uint32_t opcode, bool shows, uint64_t ns);
/* One that was refused without being looked at. */
void counts_refused(uint32_t opcode, int err);
void counts_poisoned(void);

/* From any thread, once counts_share() has said where; it is answered, or left to the kernel. */
void counts_share(struct counts *c);
void counts_call(enum count_call call, bool left);

/* ---- who asks ---- */

void counts_sum(const struct counts *c, struct tally *out);
uint64_t counts_events(const struct counts *c, enum count_event e);
