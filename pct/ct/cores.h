/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which CPUs containers with `cores` run on: spread over the host's at every start, stop and
 * change, by whoever makes it.
 */
#pragma once

#include "pct/ct/lxcconf.h"

/* A container that runs. */
struct share {
	unsigned vmid;
	unsigned cores;	       /* CPUs it is to have; 0: all */
	struct cgv_cpuset now; /* those it has, and those it is to have */
	struct cgv_cpuset next;
};

/*
 * @n of @allowed, those that are used least, the lower number first. False: @allowed has no more
 * than @n, there is nothing to pick.
 */
bool cores_pick(const struct cgv_cpuset *allowed, const unsigned used[CGV_MAX_CPUS], unsigned n,
		struct cgv_cpuset *out);

/* Add for every CPU how many of those that may not have all have it as `next`. */
void cores_count(const struct cgv_cpuset *allowed, const struct share *shares, size_t n,
		 unsigned used[CGV_MAX_CPUS]);

/*
 * The `next` of all of them: as many of @allowed as each has cores, no CPU used by two more of
 * them than another that could be used instead, and nobody moved who need not be.
 * -ENOMEM.
 */
int cores_spread(const struct cgv_cpuset *allowed, struct share *shares, size_t n);

/* Does a raw lxc.cgroup*.cpuset.cpus say it? Then its CPUs are nobody's business. */
bool cores_are_raw(const struct config *c);

struct cores_list {
	struct share *shares; /* by VMID */
	size_t n;
	struct cgv_cpuset allowed; /* those of the host */
};
/* What runs, and where. Says what is wrong. */
int cores_list(struct cores_list *out);
void cores_list_free(struct cores_list *l);

/*
 * Spread those that run anew, but @except, which is about to end; 0: none. What is pending of
 * `cores` counts. Says what is wrong with @vmid, the one it is done for, or with all of them; of
 * others it is for them to say.
 */
int cores_balance(unsigned vmid, unsigned except);

/*
 * Those of a container that is about to start: what the others use least. False: it has no
 * `cores`, or as many as there are.
 */
struct cgv_host;
bool cores_choose(const struct cgv_host *h, const struct host_layout *layout,
		  const struct config *c, unsigned vmid, struct cgv_cpuset *out);

/* Has it `cores` that matter on this host? */
bool cores_limited(const struct config *c);
