/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Open files and the texts they show, in shared memory: a worker that takes over goes on with
 * them, and no reader notices. It lives as long as the mount. A row is there from the moment
 * its state is set, which is the last thing that is written of it.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/base.h"

struct opens;

/*
 * @fd: of the memory, which is empty at a new mount, and stays the caller's. -EBADMSG: not of this
 * program's kind.
 */
int opens_open(int fd, struct opens **out) MUST_CHECK;
/* Could it be opened? It is not changed. */
int opens_check(int fd) MUST_CHECK;
void opens_close(struct opens *o);
/* When it was made: realtime, seconds. */
time_t opens_since(const struct opens *o);

/* ---- texts: made whole, and never changed ---- */

struct text {
	uint32_t block, len; /* block 0: none */
};

/* -ENOSPC: too many texts are open. */
int text_put(struct opens *o, const char *p, size_t n, struct text *out) MUST_CHECK;
void text_drop(struct opens *o, struct text t);
/* How much memory it takes; how much there is for more of them. */
size_t text_bytes(struct text t);
size_t texts_free(struct opens *o);
/* Its first byte; it stays as long as the text does. */
const char *text_at(const struct opens *o, struct text t);

/* ---- open files ---- */

enum open_state {
	OPEN_FREE,
	OPEN_SHARED,  /* shows what is stored for its inode */
	OPEN_PRIVATE, /* has a text of its own */
};

struct open_trigger {
	uint64_t waiter; /* the kernel's number of who polls; 0: nobody */
	uint32_t len;	 /* of the text; 0: no trigger */
	char text[60];
};

struct open_row {
	_Atomic uint32_t state;
	_Atomic uint32_t generation;
	_Atomic uint64_t unique; /* of the request that opened it */
	uint64_t begun;		 /* of the one that first read its start, or did so anew; 0: none */
	_Atomic uint64_t ino;
	uint32_t owner;	     /* the container's slot; 0: the host */
	_Atomic int32_t pid; /* who opened it */
	_Atomic uint64_t text;
	struct open_trigger trigger;
};

/* A row nobody has, its state OPEN_FREE; it is the caller's until it is freed. -ENFILE: none. */
int open_row_new(struct opens *o, struct open_row **out) MUST_CHECK;
void open_row_free(struct opens *o, struct open_row *row);

/* A file handle of FUSE's, and back: NULL if it is no row's, or of one that was freed. */
uint64_t open_row_handle(const struct opens *o, const struct open_row *row);
struct open_row *open_row_of(const struct opens *o, uint64_t fh);

/* The first row in use from *at on, which is moved behind it; NULL: there are no more. */
struct open_row *open_row_next(const struct opens *o, uint32_t *at);

/* ---- what is stored for an inode ---- */

struct stored_row {
	_Atomic uint64_t ino;  /* 0: free */
	_Atomic uint64_t text; /* its block 0: only the length is known any more */
	_Atomic uint64_t tick; /* of the text */
	struct timespec made;
};

int stored_row_new(struct opens *o, uint64_t ino, struct stored_row **out) MUST_CHECK;
void stored_row_free(struct opens *o, struct stored_row *row);
struct stored_row *stored_row_next(const struct opens *o, uint32_t *at);

static inline uint64_t text_pack(struct text t)
{
	return (uint64_t)t.block << 32 | t.len;
}

static inline struct text text_unpack(uint64_t v)
{
	return (struct text){ (uint32_t)(v >> 32), (uint32_t)v };
}
