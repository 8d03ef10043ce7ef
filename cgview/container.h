/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside the library: a container's cgroup files, by what they say instead of by name.
 */
#pragma once

#include "base/base.h"
#include "cgview/cgview.h"

/* One row each in file.c's table, with the name in both versions. */
enum cgv_file {
	MEM_LIMIT,
	MEM_USAGE,
	MEM_STAT,
	MEM_SWAP_LIMIT, /* v1: of memory and swap together */
	MEM_SWAP_USAGE, /* likewise */
	MEM_KERNEL,
	MEM_EVENTS,
	CPU_QUOTA, /* v2: "quota period" in one file */
	CPU_PERIOD,
	CPU_STAT,
	CPU_STAT_LOCAL,
	ACCT_STAT,
	ACCT_PERCPU,
	ACCT_USAGE,
	UNIFIED_CPU_STAT,
	CPUSET_CPUS,
	CPUSET_MEMS,
	PIDS_CURRENT,
	CGV_N_FILES,
};

struct cgv_container {
	const struct cgv_host *host;
	_Atomic unsigned refs;
	struct cgv_place place;
	struct {
		pid_t pid; /* 0: nothing is known yet */
		uint64_t start;
		int64_t offset;
		bool settled; /* the offset stays */
	} init;		      /* what does not change while a process lives */
	unsigned levels;      /* of the deepest path, its own cgroup and the root included */
	int *fd;	      /* [level * CGV_N_FILES + file]; -EBADF: not open */

	unsigned holds; /* by the one thread that uses it */
	/* All below by cgv_files, as is what is in fd while it is not held. */
	unsigned n_open; /* of fd */
	bool linked;
	uint64_t round; /* when it was released last */
	struct cgv_container *newer, *older;
};

/*
 * How many cgroups there are from the container's own up to the hierarchy's root, which has
 * limits too where it is not the whole of it: in a cgroup namespace.
 */
unsigned cgv_levels(const struct cgv_container *c, enum cgv_controller in);

/*
 * Read a file of the container's cgroup (@level 0) or of its @level-th ancestor.
 * -ENOENT: no such file there, or the controller is in no hierarchy.
 */
int cgv_file_read(struct cgv_container *c, enum cgv_file f, unsigned level, char *buf, size_t size,
		  struct span *text) MUST_CHECK;

/* A file of one number; "max" is CGV_UNLIMITED, and so is v1's largest page count. */
int cgv_file_number(struct cgv_container *c, enum cgv_file f, unsigned level,
		    uint64_t *out) MUST_CHECK;

/* The same of its own cgroup, for one who comes by seldom: it is not kept open. */
int cgv_file_glance(const struct cgv_container *c, enum cgv_file f, char *buf, size_t size,
		    struct span *text) MUST_CHECK;
int cgv_glance_number(const struct cgv_container *c, enum cgv_file f, uint64_t *out) MUST_CHECK;

/* The same of one of cgv_inner below it, on v1; -ENOENT on v2. */
int cgv_file_below(const struct cgv_container *c, enum cgv_file f, const char *below, char *buf,
		   size_t size, struct span *text) MUST_CHECK;

/* Tails that a container's own init adds below the cgroup where its limits are. NULL: the end. */
extern const char *const cgv_inner[];

/* Likewise one that is in no row. */
int cgv_number_of(const struct cgv_container *c, enum cgv_controller in, const char *name,
		  uint64_t *out) MUST_CHECK;

/* Keys of v2's memory.stat, and where they go in a cgv_memory. */
extern const struct field cgv_stat_v2[];
extern const size_t cgv_n_stat_v2;

/* Of one size, of which the host has @most. */
int cgv_hugepages_of(const struct cgv_container *c, uint64_t size, uint64_t most,
		     struct cgv_hugepages *out) MUST_CHECK;

/* What is kept open of the host for its memory. */
int cgv_host_memory_open(struct cgv_host *h) MUST_CHECK;

uint64_t cgv_siphash(const uint64_t key[2], const void *text, size_t n);

/* The version of the hierarchy @f lies in. */
enum cgv_owner cgv_file_owner(const struct cgv_container *c, enum cgv_file f);

/* The name of a controller in proc/PID/cgroup of v1. NULL: it has none. */
const char *cgv_controller_v1(enum cgv_controller c);

/* An fd of the directory of the container's own cgroup. */
int cgv_open_cgroup(const struct cgv_container *c, enum cgv_controller in) MUST_CHECK;

/* -ENOENT: it had a cgroup in that hierarchy, and has none any more. */
int cgv_exists(const struct cgv_container *c, enum cgv_controller in) MUST_CHECK;
