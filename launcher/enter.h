/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process in a container whose call is made for it, and to become like it: its namespaces, root,
 * users and capabilities, so that the kernel allows no more than it would have allowed there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"
#include "base/mounting.h"

#define GROUPS_MAX 256
#define TEXT_MAX   4096 /* what mount(2) copies of each of its texts */

struct identity {
	uid_t uid[4]; /* real, effective, saved, for files: as we number them */
	gid_t gid[4];
	mode_t umask;
	gid_t group[GROUPS_MAX];
	size_t n_groups;
	uint64_t effective, permitted, inheritable;
	bool bound; /* to gain nothing (no_new_privs), and so perhaps in a domain of Landlock's */
};

struct entrance {
	int proc, mem, notify; /* the caller's /proc/PID, its memory; the filter that stopped it */
	uint64_t id;	       /* of the call */
	int mnt, user, pid;    /* its namespaces; user -EBADF: ours */
	int root, cwd;
	struct identity who;
	char label[256]; /* of its security module; "": none */
};

/* Is it still the same process, waiting in the same call? All that was read before is its own then.
 */
bool still_waits(const struct entrance *e);

/* What /proc/PID/status says. -EBADMSG: it lacks something. */
int identity_parse(const char *text, struct identity *out) MUST_CHECK;

/* Of what /proc/PID/attr/current says: "" where nothing confines it. -EBADMSG: too long. */
int label_parse(const char *text, size_t n, char *out, size_t size) MUST_CHECK;

/*
 * A text in the caller's memory, whose end may be the last byte that there is. -EFAULT;
 * -ENAMETOOLONG without an end in @size bytes.
 */
int memory_text(int mem, uint64_t address, char *out, size_t size) MUST_CHECK;

/* "/proc/self/fd/7", as programs name what they hold: 7. -ENOENT: it is no such path. */
int own_fd(const char *path) MUST_CHECK;

/* Everything in *@e but what came with the call. */
int entrance_open(struct entrance *e) MUST_CHECK;

/* Is it in the user namespace of a container, not in one made in there, and in mounts of that? */
bool entrance_is_container(const struct entrance *e);

/*
 * For the whole process, for good: what it forks is in the caller's pid namespace, it itself is
 * not.
 * *@top: the root of its mount namespace.
 */
int entrance_enter(const struct entrance *e, int *top) MUST_CHECK;

/*
 * Likewise, but in our own user namespace, for what the kernel lets nobody do from another one, and
 * in our own pid namespace: with these of our capabilities.
 */
int entrance_enter_with(const struct entrance *e, uint64_t caps) MUST_CHECK;
