/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is told of the daemon itself, as families of samples and for people.
 */
#pragma once

#include "procfs/counts.h"
#include "procfs/measure.h"

/* All that there is to tell, at one moment. */
struct scene {
	struct tally tally;
	uint64_t event[COUNT_EVENTS];
	struct measures measures;
	uint64_t by_caller, open, cgroup_files; /* containers without a name; files */
	uint64_t started, cpu, resident;	/* of the worker: ns since 1970, ns, bytes */
	uint64_t asked, took;			/* looks, this one included; ns that it took */
};

void daemon_tell(const struct scene *s, struct prom *p);
void daemon_list(const struct prom_reader *r);

/* For people. */
void summary_tell(const struct scene *s, struct prom *p);
