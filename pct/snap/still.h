/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container that stands still while its volumes are copied or snapshotted, and what it has
 * written is on them. Should we be killed meanwhile, a process of ours lets it go; should that be
 * killed, too, the next command that mends snapshots does (run/pct/still/<vmid> says that it was
 * us).
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

/* Where a volume is in a container. */
struct still_place {
	const char *path; /* NULL: after the last */
	dev_t own;	  /* the block device that is nothing but this volume; 0: it has none */
};

/* What one that was killed with its process has left stands still no more. Its lock is held. */
int still_mend(unsigned vmid);

/*
 * Have the file systems written to the disk that are at these places of a running container; those
 * with a device of their own as if they were unmounted, so that they can be read without a look
 * at their journal. It may see to it that this never ends: after @seconds -ETIMEDOUT, not said.
 */
int still_sync(unsigned vmid, const struct still_place *places, int seconds);
