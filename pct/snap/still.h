/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container that stands still while its volumes are copied or snapshotted, and what it has
 * written is on them. Should we be killed meanwhile, a process of ours lets it go; should that be
 * killed, too, the next command that mends snapshots does: run/pct/still/<vmid> says it was us.
 */
#pragma once

#include <sys/types.h>
#include <time.h>

#include "base/base.h"

struct still {
	unsigned vmid;
	pid_t guard; /* 0: it did not run, or stood still before */
	int gate;
	struct timespec since;
};

#define STILL_NONE                                                                                 \
	{                                                                                          \
		.gate = -EBADF                                                                     \
	}

/* Says what is wrong. One that does not run, or that pct suspend has stopped, is left as it is. */
int still_begin(unsigned vmid, struct still *s);
/* How many ms it stood still; < 0: we did not stop it. May be called again. */
double still_end(struct still *s);
static inline void still_done(struct still *s)
{
	(void)still_end(s);
}
#define auto_still CLEANUP(still_done) struct still

/* What one that was killed with its process has left stands still no more. Its lock is held. */
int still_mend(unsigned vmid);

/*
 * Have the file systems written to the disk that are at these places (NULL after the last) of a
 * running container. It may see to it that this never ends: after @seconds we go on, and say so.
 */
void still_sync(unsigned vmid, const char *const *paths, int seconds);
