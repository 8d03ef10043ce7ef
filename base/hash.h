/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FNV-1a: short names for long ones. liblxc names sockets so, too.
 */
#pragma once

#include <stdint.h>

static inline uint32_t fnv32(const char *text)
{
	uint32_t h = 0x811c9dc5u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x01000193u;
	return h;
}

static inline uint64_t fnv64(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}
