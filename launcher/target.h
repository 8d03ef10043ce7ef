/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a view goes, as seen from inside a container, whose root may be our enemy: no link of its
 * is followed, no name is looked up where a process of its would answer, and nothing is covered but
 * a file of the kernel's and views that lie on it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"
#include "launcher/mountinfo.h"

#define QUIET_MAX 8

/* Of a process inside: it has entered the container's mount namespace. */
struct inside {
	int root;	     /* the container's */
	int proc;	     /* the host's /proc */
	int host;	     /* the host's mountinfo */
	int own[2];	     /* the container's /proc and /sys, or why there are none */
	uint64_t own_mnt[2]; /* their mounts, which have these numbers as long as they are open */
	struct mountinfo mounts;
	bool unread;		   /* something else was found since the mounts were read */
	struct mountinfo hosts[2]; /* if heard: as of the last look */
	bool heard, deaf;	   /* deaf: the host's cannot be read */
	struct {
		int fd; /* what is open keeps its device */
		dev_t dev;
	} quiet[QUIET_MAX]; /* file systems that answer by themselves */
	size_t n_quiet;
};

/*
 * @pidfd: below 0, this process is in there already. @prefix: where the root is in there, "" as a
 * rule. All errors are said.
 */
int inside_enter(int pidfd, const char *prefix, struct inside *in) MUST_CHECK;

/* -EAGAIN, said: its /proc or /sys is another one by now. */
int inside_same(const struct inside *in) MUST_CHECK;

enum lies {
	LIES_NOTHING, /* the kernel's own file */
	LIES_VIEW,    /* a view on it: of ours, of a pctfs that is gone, or of lxcfs */
	LIES_OTHER,   /* what we leave alone */
	LIES_HOSTS,   /* what is mounted there is mounted on the host too */
};

struct target {
	int fd;		 /* O_PATH, of what is on top */
	uint64_t mnt;	 /* its mount's number, as long as it is open */
	bool cut;	 /* it is a mount on the way there, in which we do not look */
	bool shared;	 /* what is mounted there is mounted elsewhere in the container too */
	unsigned layers; /* views of one kind with what is on top, one on another */
	enum lies lies;
	char type[32]; /* of the file system on top */
};

/*
 * First all that is wanted is found and held, then the mounts are looked at, once, then each can be
 * judged: the number of a mount that nobody holds can be another's the next moment.
 */

/* -ENOENT: it has no such file. */
int target_find(struct inside *in, const char *path, struct target *out) MUST_CHECK;
int inside_look(struct inside *in) MUST_CHECK;
/* Fills @t from "cut" on. */
int target_judge(struct inside *in, const char *path, struct target *t) MUST_CHECK;

/* By the type of a file system. */
bool is_lxcfs(const char *type);

/* The number of the mount that an fd is of. */
int mount_of(int fd, uint64_t *out) MUST_CHECK;

/* Unmount what is on top there. */
int target_bare(struct inside *in, const struct target *t) MUST_CHECK;
