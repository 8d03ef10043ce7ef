/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What liblxc writes into a container's log.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"

/*
 * The first error of a container's log since its last start, without liblxc's own file names;
 * malloc'ed, NULL: none.
 */
char *ct_log_error(const char *text);

/* What to do about it: of a table of known causes, the first that the log names. NULL: none. */
const char *ct_log_advice(const char *text);

/* The two of a file, in one sentence; malloc'ed. */
char *log_reason(const char *path);

/* Show on stderr what is written there from now on, until told that it is enough. Says errors. */
struct follow {
	pid_t pid;
	int stop;
};
#define FOLLOW_NONE                                                                                \
	{                                                                                          \
		.stop = -EBADF                                                                     \
	}
int log_follow(const char *path, struct follow *out);
void log_unfollow(struct follow *f);
