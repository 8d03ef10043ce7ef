/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pct/ct/idmap.h"
#include "pct/ct/place.h"

struct staging {
	unsigned vmid;
	const struct idmap *ids;
	const struct placing *all;
	size_t n;
	int user; /* the container's user namespace; -EBADF: ours */
	int root; /* its root, seen from the host */
};

/*
 * In a mount namespace of our own, on a file system over a directory that is ours: as "0", "1", ...
 * in the current directory. For a process that ends then. Says errors.
 */
int stage(const struct staging *s);
