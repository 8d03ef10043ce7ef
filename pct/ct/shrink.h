/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pct/ct/group.h"

/*
 * Change the limits of memory and swap of a container that runs. Below what is in use and cannot
 * be freed only by @force; says so. What is killed for it is said, too.
 */
int shrink_or_grow(const struct group *g, const struct config *c, const struct limits *l,
		   bool force);

/* Of what is counted, what the kernel can let go of at once: it is on a disk. Pure, bytes. */
uint64_t shrink_needed(uint64_t usage, const struct cgv_memory *m);
