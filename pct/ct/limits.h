/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel is told of a container's limits: which file of which controller gets which text.
 * Pure. liblxc's config has these as lines, a container that runs has them written.
 */
#pragma once

#include "pct/ct/lxcconf.h"

struct limit {
	enum cgv_controller controller;
	enum cgv_owner owner; /* in which kind of hierarchy: CGV_V1 or CGV_V2 */
	const char *file;     /* in the container's cgroup, <top>/<vmid> */
	char text[48];
	bool idle; /* what a new cgroup has anyway: nothing is limited */
};

/* In the order in which they are to be written. */
struct limits {
	struct limit row[4];
	size_t n;
};

/*
 * Append those that a key's value comes to; none if the host has no such controller. -EINVAL:
 * the value cannot be used. NULL is no value for memory, swap, and cpulimit.
 */
int limits_memory(const struct host_layout *h, const char *memory, struct limits *out);
/* v1 counts memory and swap as one, so its limit is the sum. */
int limits_swap(const struct host_layout *h, const char *memory, const char *swap,
		struct limits *out);
/* Both, in the order that lets no process use more meanwhile than it may before or after. */
int limits_memory_and_swap(const struct host_layout *h, const char *memory, const char *swap,
			   struct limits *out);
int limits_cpulimit(const struct host_layout *h, const char *cpus, struct limits *out);
int limits_cpuunits(const struct host_layout *h, const char *units, struct limits *out);

/* Processes and threads: what every container is held to. */
void limits_pids(const struct host_layout *h, struct limits *out);
/* Half of what the host can have, and no more than a machine of its own has as a rule. */
unsigned limits_pids_of(uint64_t threads_max, uint64_t pid_max);

/* Its line in liblxc's config: "lxc.cgroup2.memory.max". */
void limit_key(const struct limit *l, char *out, size_t size);

/* As the kernel lists CPUs, "0-2,5": malloc'ed; NULL when memory is out. */
char *limits_cpus(const struct cgv_cpuset *s);

/* Does the user say what is in that file, in a raw line of the conf? Then it is theirs. */
bool limits_are_raw(const struct config *c, enum cgv_owner owner, const char *file);

/* A whole number that is not negative: a conf is read leniently, a limit is not. */
bool limits_whole(const char *value, uint64_t max, uint64_t *out);
