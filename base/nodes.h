/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Device nodes that the root of an unprivileged container may make with the feature mknod: those
 * which every container has, and which give nobody anything of another's. Not 5:1, which is the
 * host's console for whoever opens it; /dev/ptmx is of the devpts beside it. Block devices never.
 * Whiteouts of overlayfs (0:0) anybody may make, without being asked about.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/base.h"

/* As mknod(2) has it, of which the kernel takes 32 bits. */
#define NODE_DEV(major, minor) ((uint32_t)(major) << 8 | (minor))

// clang-format off
static const uint32_t nodes_allowed[] = {
	NODE_DEV(1, 3), /* null */
	NODE_DEV(1, 5), /* zero */
	NODE_DEV(1, 7), /* full */
	NODE_DEV(1, 8), /* random */
	NODE_DEV(1, 9), /* urandom */
	NODE_DEV(5, 0), /* tty */
	NODE_DEV(5, 2), /* ptmx */
};
// clang-format on

/* By the arguments of mknod(2). */
static inline bool node_is_allowed(uint64_t mode, uint64_t dev)
{
	for (size_t i = 0; i < ARRAY_LEN(nodes_allowed); i++)
		if ((mode & S_IFMT) == S_IFCHR && (uint32_t)dev == nodes_allowed[i])
			return true;
	return false;
}
