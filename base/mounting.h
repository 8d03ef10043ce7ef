/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What pctfs asks of `pct-launch mounter`, and what it hears: packets on a SOCK_SEQPACKET. It is
 * about a call that a container's process waits in: mount(2) of procfs, umount2(2), mknod(2).
 */
#pragma once

#include <limits.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/types.h>

enum mounting_kind {
	MOUNTING_MOUNT = 1, /* with the fds of enum mounting_fd */
	MOUNTING_UMOUNT,    /* likewise */
	MOUNTING_KEEP,	/* this fd, by that number: a monitor's connection, or 0: where they dial */
	MOUNTING_DROP,	/* no more */
	MOUNTING_MKNOD, /* as the first two */
	MOUNTING_MKNODAT,
};

enum mounting_fd { MOUNTING_PROC, MOUNTING_MEM, MOUNTING_NOTIFY, MOUNTING_FDS };

struct mounting {
	uint32_t kind;
	uint32_t number; /* of the monitor's connection */
	pid_t init;	 /* of the caller's container */
	struct seccomp_notif call;
	char root[PATH_MAX]; /* where the views of that caller are served, below proc/ */
};

/* What becomes of the call. */
enum { MOUNTING_DONE = 0, MOUNTING_CONTINUE = 1 /* the kernel is to do it */ };

struct mounted {
	uint32_t number;
	int32_t result; /* one of the two; or a negative errno: it failed with that */
	uint64_t id;	/* of the call */
};

/* Nobody's call waits longer: what is not done by then the kernel is to do. */
#define MOUNTING_MS 2000
