/* SPDX-License-Identifier: LGPL-2.1-or-later */
// clang-format off
/*
 * One call of a container's process, made for it by processes of its own: whatever becomes of them,
 * the mounter goes on.
 *
 *   the job        host's namespaces, root; lays views on a bare procfs, in a mount namespace where
 *                  there is nothing else
 *   └ the double   the caller's mount and user namespace, root directory, users, capabilities and
 *     │            label; finds the target, and moves the procfs there. Nobody in the container sees it
 *     └ the maker  in the caller's pid namespace too, as procfs is of the one it is mounted in. It
 *                  makes the call itself, in a copy of the mount namespace: so it is the kernel that
 *                  says whether it is allowed, and with which options. Whoever may trace it has a
 *                  process that can do nothing else (a filter).
 */
// clang-format on
#pragma once

#include "base/fds.h"
#include "base/mounting.h"
#include "launcher/enter.h"
#include "launcher/launch.h"

struct call_texts {
	char target[TEXT_MAX], source[TEXT_MAX], data[TEXT_MAX];
	bool has_source, has_data;
	int given; /* the target is what the caller holds open; -EBADF: a path */
};

struct job {
	const struct mounting *ask;
	struct entrance e;
	struct call_texts texts;
	const char *mount;  /* pctfs's, as its keeper has said */
	int root;	    /* where the caller's views are served, in there */
	json_object *views; /* their paths: "proc/…" and others */
	int *clone;	    /* of each; -EBADF: not laid there */
	dev_t dev;	    /* of what pctfs serves now */
	int top;	    /* of the double: the root of its mount namespace */
	int sock;	    /* between the two */
};

/* Below the procfs; NULL: it is no view of procfs. */
const char *view_name(const struct job *j, size_t i);

/* The job, a process of its own: MOUNTING_*, or a negative errno that the caller is to have. */
int job_run(const struct options *o, const char *mount, const struct mounting *ask,
	    const int fds[MOUNTING_FDS], int scratch) MUST_CHECK;

/* The double, with a socket to it (@j->sock), and what it returned. */
int start_double(struct job *j, int (*work)(struct job *j), pid_t *pid) MUST_CHECK;
int end_double(pid_t pid) MUST_CHECK;

/* A mount namespace with nothing but an empty directory "new" in it: an fd. */
int scratch_new(void) MUST_CHECK;

/* ---- double.c: for a process of its own each; what they return is what job_run() does ---- */

int double_mount(struct job *j) MUST_CHECK;
int double_umount(struct job *j) MUST_CHECK;

/*
 * The caller has its answer from here, not by way of the monitor: so that we know whether it has
 * it. A signal can have made it give up, and then it calls again. The monitor's own comes too late.
 */
bool answer_caller(const struct job *j, int notify, int r) MUST_CHECK;

/* Where it is mounted; is it the top of a mount? */
bool identify(int at, const char *name, dev_t *dev, uint64_t *mnt, bool *is_root) MUST_CHECK;

/* On a procfs; where something lies already nothing is laid. */
void lay_clones(const struct job *j, int proc);

/* ---- node.c ---- */

/* mknod(2): what job_run() returns. */
int node_run(struct job *j) MUST_CHECK;

/* ---- after.c: likewise ---- */

/* The kernel makes the call, and the views are laid on what is there then. */
int double_after(struct job *j) MUST_CHECK;

/* ---- standin.c ---- */

/*
 * pctfs is gone, and LXC's monitors would say ENOSYS to each call they ask about: as long as there
 * is no other pctfs, and anybody to be answered, answer them. @kept: as MOUNTING_KEEP numbers them.
 */
void stand_in(const struct options *o, int *kept, size_t n);
