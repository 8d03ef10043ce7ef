/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small things to be done in a container that runs: by a process that has entered it, so that
 * nothing a container does to its files or itself reaches the host.
 */
#pragma once

#include <sys/types.h>

/* What a process in there comes back with; text it wants said is in @why. */
struct inside {
	int result; /* 0 or a negative errno */
	char why[400];
};

/*
 * Run @work in the namespaces @flags (CLONE_NEWUTS, CLONE_NEWNS and so on) of the container whose
 * init that is; with CLONE_NEWNS in its root directory, and with CLONE_NEWUSER as its root. After
 * some seconds it is killed. -ETIMEDOUT; -ESRCH: the container ended. Not said.
 */
int inside_run(unsigned vmid, pid_t init, int flags,
	       int (*work)(const void *arg, struct inside *out), const void *arg,
	       struct inside *out);
