/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads that answer requests: each has the kernel put one into a slot, and empties that when it
 * is answered.
 */
#pragma once

#include "procfs/counts.h"
#include "procfs/slots.h"

/* The number of the request that this thread answers; 0: it answers none. */
uint64_t slot_unique(void);
uint64_t slot_ino(void); /* of its inode; 0 */
/* Of a request to poll: by which number the kernel knows who waits; 0: nobody does. */
uint64_t slot_waiter(void);
/* Was it in the hands of another worker before? */
bool slot_is_left(void);

struct server;

/* @fd: of the slots. -EBADMSG as of slots_open(). */
int server_new(int fd, struct server **out) MUST_CHECK;
void server_free(struct server *s);

/* Who is told of requests that a crashed worker began and nobody answers but by an error. */
void server_tell(struct server *s, void (*refused)(void *arg, uint64_t unique), void *arg);

/* Its threads count what they do there, as those of @mount; NULL: nowhere. */
void server_count(struct server *s, struct counts *c, int mount,
		  void (*answered)(void *arg, const struct fuse_in_header *head, uint64_t ns),
		  void *arg);

/* Greet the connection, or go on with one that was: the first of all requests. */
int server_begin(struct server *s, struct fuse_session *se) MUST_CHECK;
/*
 * Serve it with so many threads, at most TURN_THREADS, until server_stop() or the end of the
 * connection, of which on_failure() is told. A request that was in hand at the crash of two
 * workers gets EIO, one of a container that has too many waiting ENFILE or EAGAIN.
 */
int server_start(struct server *s, unsigned threads, void (*on_failure)(void)) MUST_CHECK;
/* Until all threads have ended. -ENODEV: the connection was aborted. */
int server_join(struct server *s);
void server_stop(struct server *s);
