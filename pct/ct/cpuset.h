/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CPUs of a cgroup and of those below it.
 */
#pragma once

#include "cgview/cgview.h"

/* for (EACH_CPU(cpu, &set)): by number. */
#define EACH_CPU(cpu, set)                                                                         \
	unsigned cpu = cgv_cpuset_next(set, 0);                                                    \
	(cpu) < CGV_MAX_CPUS;                                                                      \
	(cpu) = cgv_cpuset_next(set, (cpu) + 1)

/* The list in a file, cpuset.cpus or such. Not said. */
int cpuset_read(int root, const char *path, struct cgv_cpuset *out);

/* Is a container in it, with its own cgroups? Before, liblxc may be about to write its limits. */
bool cpuset_is_entered(int root, const char *path);

/* Has all of the container just these? */
bool cpuset_is(int root, const char *path, enum cgv_owner owner, const struct cgv_cpuset *cpus);

/*
 * Hold a cgroup and all below it to @next. v1 has no cgroup whose CPUs its parent has not, so they
 * are widened from the top and narrowed from the bottom. Not said; as before where it fails.
 */
int cpuset_write(int root, const char *path, enum cgv_owner owner, const struct cgv_cpuset *next);
