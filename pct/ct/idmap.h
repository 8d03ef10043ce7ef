/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which ids of a container are which of the host's: its own lxc.idmap lines, or what `unprivileged`
 * means. Pure.
 */
#pragma once

#include <stdint.h>

#include "pct/conf/config.h"

#define IDMAP_FIRST  100000u /* the host's id of an unprivileged container's root */
#define IDMAP_COUNT  65536u
#define IDMAP_RANGES 340 /* the kernel takes no more */
#define IDMAP_NONE   UINT32_MAX

struct idrange {
	char kind; /* u, g */
	uint32_t inside, outside, count;
};

/* n 0: its ids are the host's. */
struct idmap {
	size_t n;
	struct idrange range[2 * IDMAP_RANGES];
};

/* -EINVAL: a line has no known form, or there are too many. */
int idmap_read(const struct config *c, struct idmap *out);

/* Does the conf bring lines of its own? Then those hold, whatever `unprivileged` says. */
bool idmap_is_own(const struct config *c);

/* IDMAP_NONE: the container has no such id. */
uint32_t idmap_outside(const struct idmap *m, char kind, uint32_t inside);
