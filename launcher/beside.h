/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/base.h"

/* In the run directory of pctfs, which --socket names. */
static inline int beside(const char *socket, const char *name, char *out, size_t size)
{
	const char *slash = strrchr(socket, '/');
	int n = snprintf(out, size, "%.*s/%s", slash ? (int)(slash - socket) : 1,
			 slash ? socket : ".", name);

	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}
