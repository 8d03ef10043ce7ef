/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests in hand, in memory that lives as long as the mount: the kernel puts a request into a
 * slot, and whoever answers it empties that. What is in there when a worker dies, its successor
 * answers (serve.h).
 */
#pragma once

#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "procfs/turns.h"

#define SLOTS	   TURN_SLOTS
#define SLOT_SIZE  8192 /* the least the kernel takes; with FS_MAX_WRITE more than it needs */
#define SMALL_SIZE 96	/* all that openers and readers ask: a read has 80 bytes */

struct slot {
	_Atomic uint64_t since;	  /* CLOCK_MONOTONIC ns, when a worker began with it; 0: none did */
	_Atomic int32_t by;	  /* the worker that began to answer it; 0: none */
	_Atomic int32_t thread;	  /* … and which of its threads */
	_Atomic uint32_t tries;	  /* how many did */
	_Atomic uint32_t crashes; /* how many of them crashed at it, or were stuck */
	_Atomic uint32_t fell;	  /* the thread that answers it has just crashed */
	uint32_t unused;
	union {
		struct fuse_in_header head;
		char request[SLOT_SIZE]; /* of a small slot no more than SMALL_SIZE */
	};
};

struct slots;

/*
 * @fd: of the memory, which is empty at a new mount. -EBADMSG: not of this program's kind, and it
 * was not touched.
 */
int slots_open(int fd, struct slots **out) MUST_CHECK;
void slots_close(struct slots *s);
struct slot *slot_at(struct slots *s, unsigned i);
size_t slot_room(unsigned i); /* for a request */

/* The header goes first: without a number nobody takes what is behind it for a request. */
void slot_empty(struct slot *t);
/* A request, to an empty slot that has room for it. At no moment is it in none. */
void slot_move(struct slot *from, struct slot *to);

/* The kernel's first request, for every session after the first. -ENODATA: there was none yet. */
int slots_greeting(const struct slots *s, struct fuse_buf *out) MUST_CHECK;
int slots_greeted(struct slots *s, const struct slot *t) MUST_CHECK;

/* Are containers yet to be repaired, which have views of the mount before this one? */
void slots_note_repair(struct slots *s, bool needed);
bool slots_need_repair(const struct slots *s);

/* How many requests were ever taken from the kernel. */
uint64_t slots_taken(const struct slots *s);
void slots_count_taken(struct slots *s);

/* How many requests nobody has answered yet. */
unsigned slots_in_hand(struct slots *s);

/*
 * This worker crashed: at which of the requests it had begun? If one of its threads has said that
 * it fell, at that one's, or at none. Else at any of them.
 */
void slots_blame(struct slots *s, int32_t worker);
/* Said by that thread itself, also when it answers none: @t NULL. */
void slots_fell(struct slots *s, struct slot *t);
/* They did not get on. One of them that was alone is to blame; of many any can be, or all. */
void slots_suspect(struct slot *const stuck[], unsigned n);

/* Answer a request without a session. Nothing happens for one that wants no answer. */
void slot_refuse(int fuse_fd, const struct fuse_in_header *head, int err);
