/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests in hand. Each thread has the kernel put a request into a slot of shared memory, and
 * empties the slot when it is answered: what is in there when a worker dies, its successor
 * answers. The memory lives as long as the mount.
 */
#pragma once

#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "procfs/turns.h"

#define SLOTS	  TURN_SLOTS
#define SLOT_SIZE 8192 /* the least the kernel takes; with FS_MAX_WRITE more than it needs */

struct slot {
	_Atomic uint64_t since;	  /* CLOCK_MONOTONIC ns, when a worker began with it; 0: none did */
	_Atomic int32_t by;	  /* the worker that began to answer it; 0: none */
	_Atomic uint32_t tries;	  /* how many did */
	_Atomic uint32_t crashes; /* how many of them crashed at it: the keeper knows */
	uint32_t unused;
	union {
		struct fuse_in_header head;
		char request[SLOT_SIZE];
	};
};

struct slots;

/* @fd: of the memory, which is empty at a new mount. -EBADMSG: not of this program's kind. */
int slots_open(int fd, struct slots **out) MUST_CHECK;
void slots_close(struct slots *s);
struct slot *slot_at(struct slots *s, unsigned i);

/* The slot of the request that this thread answers; NULL: of none. */
const struct slot *slot_current(void);
uint64_t slot_unique(void); /* 0: of none */
/* Of a request to poll: by which number the kernel knows who waits; 0: nobody does. */
uint64_t slot_waiter(void);
/* Was it in the hands of another worker before? */
bool slot_is_left(void);

/* Greet the connection, or go on with one that was: the first of all requests. */
int slots_begin(struct slots *s, struct fuse_session *se) MUST_CHECK;
/*
 * Serve it with so many threads, at most TURN_THREADS, until slots_stop() or the end of the
 * connection, of which on_failure() is told. A request that was in hand at the crash of two
 * workers gets EIO.
 */
int slots_start(struct slots *s, unsigned threads, void (*on_failure)(void)) MUST_CHECK;
/* Until all threads have ended. -ENODEV: the connection was aborted. */
int slots_join(struct slots *s);
void slots_stop(struct slots *s);

/* How many requests were ever taken from the kernel. */
uint64_t slots_taken(const struct slots *s);

/* How many requests nobody has answered yet. */
unsigned slots_in_hand(struct slots *s);

/* The keeper says that this worker crashed: at one of the requests it had begun. */
void slots_blame(struct slots *s, int32_t worker);

/* Answer a request without a session. Nothing happens for one that wants no answer. */
void slot_refuse(int fuse_fd, const struct fuse_in_header *head, int err);
