/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What containers use, for metrics: numbers of all of them first, since a family of samples stands
 * together, then families, by the names that cAdvisor and incus have given them.
 */
#pragma once

#include "procfs/fs.h"
#include "procfs/prom.h"

#define UNMEASURED UINT64_MAX /* it has no source here: no sample */
#define NETS_MAX   32	      /* interfaces of a container */
#define DISKS_MAX  64

/* Whose names; a mask. */
enum names { NAMES_CADVISOR = 1, NAMES_INCUS = 2, NAMES_ALL = 3 };
#define N_NAMES 2

/* One container. */
struct measure {
	char *name;	       /* NULL: known by its callers only */
	char *labels[N_NAMES]; /* as each of the two has them */
	struct cgv_memory memory;
	uint64_t working_set, limit, rss, huge_total, huge_free, oom_kills;
	uint64_t user, nice, system, idle, steal, used, throttled; /* CPU time, ns */
	uint64_t cpus, quota, period, periods, throttles;
	bool own_quota; /* not that of a cgroup above it */
	uint64_t tasks, started, seen, load[3];
	uint64_t some[CGV_N_PSI], full[CGV_N_PSI]; /* ns */
	struct cgv_disk *disk;
	struct cgv_net *net;
	size_t n_disks, n_nets;
};

struct measures {
	struct measure *all;
	unsigned n;
	unsigned registered, failed; /* of them; containers that could not be looked at */
	char *disks;		     /* the host's proc/diskstats, for names */
};

/* Those that go away meanwhile are left out. */
int measures_take(struct fs *fs, struct measures *out) MUST_CHECK;
void measures_free(struct measures *m);

void measures_tell(const struct measures *m, enum names names, struct prom *p);
void measures_list(enum names names, const struct prom_reader *r);

/* How many of @net stay: of those whose names are the same as a label, the first. */
size_t nets_unlike(struct cgv_net *net, size_t n) MUST_CHECK;

/* Of a pressure file: the ns of the lines "some" and "full", or UNMEASURED. */
void pressure_parse(struct span text, uint64_t *some, uint64_t *full);
