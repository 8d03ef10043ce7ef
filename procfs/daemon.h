/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon is two processes of one program. The keeper holds what must never be closed: the
 * mount's /dev/fuse, the sockets, and connections that were accepted. The worker answers. However
 * the worker ends, the keeper starts another, which goes on where it was.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"

#define ROOM (PATH_MAX + 16)

struct daemon {
	char mount[PATH_MAX], run[PATH_MAX]; /* the mount point; where all below is */
	unsigned
	    page_cache;	 /* ms for which a text of the second mount is shown; 0: no such mount */
	char fast[ROOM]; /* its mount point */
	char lock[ROOM];
	char control[ROOM], seccomp[ROOM], takeover[ROOM], metrics[ROOM]; /* sockets */
	gid_t metrics_group; /* who may ask the last; 0: root only */
	char kept[ROOM];     /* what outlives even the mount */
	bool mount_named;    /* by the user */
	bool foreground;
	int (*main)(struct daemon *d); /* which part of it this process is */
	int ready;		       /* to be written when the daemon is; -EBADF: nobody waits */
};

/* The mounts: one that shows each opener one moment, and one that is served by the page cache. */
enum { MOUNT_WHOLE, MOUNT_FAST, N_MOUNTS };

/* What a worker finds open; of a second mount's only if there is one. */
enum {
	FD_KEEPER = 3,
	FD_CONTROL,
	FD_OPENS,
	FD_FUSE,
	FD_SLOTS = FD_FUSE + N_MOUNTS,
	FD_COUNTS = FD_SLOTS + N_MOUNTS, /* a keeper of before has neither of these */
	FD_METRICS,
};

/* Between the two, in packets; an fd may come along. They may be of different versions. */
enum message_kind {
	MSG_PREPARED = 1, /* to the keeper: this worker can render */
	MSG_READY = 2,	  /* to the keeper: it serves */
	MSG_DROP = 4,	  /* to the keeper: what has this number is over */
	MSG_KEPT = 5,	  /* to the worker: a monitor's connection, which is kept by that number */
	MSG_GO = 6,	  /* to the worker: there is no other one any more */
	MSG_UNMOUNT = 7,  /* to the keeper, with the mount's number or 0: end; and back: it did */
	MSG_HELPER = 8,	  /* to the worker: who mounts in containers, from now on */
};

struct message {
	uint32_t kind;
	uint32_t id; /* of what is kept */
};

#define KEPT_MAX 4096

/* @fd -1: none comes along. */
int packet_send(int sock, const void *data, size_t n, int fd) MUST_CHECK;
int message_send(int sock, enum message_kind kind, uint32_t id, int fd);
/* 0: the other end is gone; 1: a message, and *fd is its fd, or -EBADF. */
int message_receive(int sock, struct message *out, int *fd) MUST_CHECK;

/* A terminal or pipe is the starter's; a file was meant for us. */
void let_go_of_stderr(void);

/* How a worker exits; or, unmounted by request, a keeper that is not to be started again. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_ABORTED = 3, EXIT_UNMOUNTED };

/* The process's exit status. All errors are said. */
int keeper_main(struct daemon *d);
int worker_main(struct daemon *d);
