/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where in a container's tree a file is: a directory that is open, and a name in it. Links were
 * followed as its own processes would.
 */
#pragma once

#include <limits.h>

#include "base/base.h"
#include "pct/guest/within.h"

struct seat {
	int dir; /* -EBADF: it is to be made first, seat_make() */
	char name[NAME_MAX + 1];
};

#define SEAT_NONE                                                                                  \
	{                                                                                          \
		.dir = -EBADF                                                                      \
	}
static inline void seat_close(struct seat *s)
{
	close_fd(&s->dir);
}
#define auto_seat CLEANUP(seat_close) struct seat

#define SEAT_LINK 1u /* of a link the link itself */
#define SEAT_MAKE 2u /* its directory need not be there yet */

/* -ENOENT, -ELOOP: a link leads nowhere. Not said. */
int seat_find(const struct files *f, const char *path, unsigned flags, struct seat *out);

/* Its directory, where there was none. */
int seat_make(const struct files *f, const char *path, struct seat *s);

bool seat_ignored(const struct seat *s);
