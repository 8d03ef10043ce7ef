/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What sysinfo(2) puts into its caller's memory, who may be a 32-bit program.
 */
#pragma once

#include <stdbool.h>
#include <sys/sysinfo.h>

#include "procfs/files.h"

/* As 32-bit kernels have it, and 64-bit ones for programs of those. */
struct sysinfo32 {
	int32_t uptime;
	uint32_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs, pad;
	uint32_t totalhigh, freehigh, mem_unit;
	char rest[8];
};

union sysinfo_any {
	struct sysinfo own;
	struct sysinfo32 small;
};

/* Is that call, by the architecture and number of seccomp(2), sysinfo(2)? */
bool sysinfo_is(uint32_t arch, int nr);

/* Of such a caller: how many bytes of *out are to be given to it. */
size_t sysinfo_fill(const struct sample *s, uint32_t arch, union sysinfo_any *out);
