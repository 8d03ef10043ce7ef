/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a view goes, as seen from inside a container, whose root may be our enemy: no link of its
 * is followed, and nothing is covered but a file of the kernel's and views that lie on it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"

struct mount_row;

#define LAYERS_MAX 16 /* views that are looked through on one target, one over the other */

/* Of a process inside: it has entered the container's mount namespace. */
struct inside {
	int root; /* the container's */
	int proc; /* the host's /proc */
	struct mount_row *mounts;
	size_t n_mounts;
};

/* @prefix: where the root is in there, "" as a rule. All errors are said. */
int inside_enter(int pidfd, const char *prefix, struct inside *in) MUST_CHECK;

enum lies {
	LIES_NOTHING, /* the kernel's own file */
	LIES_VIEW,    /* a view on it: of ours, of a pctfs that is gone, or of lxcfs */
	LIES_OTHER,   /* what we leave alone */
};

struct target {
	int fd;	      /* O_PATH, of what is on top */
	uint64_t mnt; /* its mount's number */
	enum lies lies;
	char type[32]; /* of the file system on top */
};

/* -ENOENT: it has no such file. */
int target_find(struct inside *in, const char *path, struct target *out) MUST_CHECK;

/* The number of the mount that an fd is of. */
int mount_of(int fd, uint64_t *out) MUST_CHECK;

/* Unmount what is on top there. */
int target_bare(struct inside *in, const struct target *t) MUST_CHECK;
