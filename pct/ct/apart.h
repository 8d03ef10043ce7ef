/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mount namespace for a while: what is mounted on the host shows there too, what is mounted
 * there nowhere else, and it ends with the last process in it.
 */
#pragma once

#include "base/base.h"

struct apart {
	int mounts, here; /* our own, and where we were in them */
};

#define APART_NONE                                                                                 \
	{                                                                                          \
		.mounts = -EBADF, .here = -EBADF                                                   \
	}

/* Errors of both are not said. */
int apart_begin(struct apart *a);
/* Back; also without apart_begin(). */
int apart_end(struct apart *a);
