/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a container's memory lies, and what of it is in huge pages: a part of cgview.h.
 */
#pragma once

#include "cgview/cgview.h"

/* ---- NUMA nodes ---- */

#define CGV_MAX_NODES 1024

struct cgv_nodes {
	uint64_t bits[CGV_MAX_NODES / 64];     /* a container sees these */
	uint64_t with_cpu[CGV_MAX_NODES / 64]; /* and has CPUs on these of them */
	unsigned first;			       /* the lowest one */
};

static inline bool cgv_nodes_has(const uint64_t *bits, unsigned node)
{
	return node < CGV_MAX_NODES && (bits[node / 64] >> node % 64 & 1);
}

/**
 * cgv_nodes() - the nodes of the visible CPUs, and those memory may come from
 * Source: the host's sys/devices/system/node/nodeN/cpulist; cpuset.mems.effective |
 *         cpuset.effective_mems.
 */
int cgv_nodes(struct cgv_container *c, const struct cgv_cpus *cpus,
	      struct cgv_nodes *out) CGV_CHECKED;

struct cgv_node {
	unsigned node;
	struct cgv_memory memory;
};

struct cgv_numa {
	struct cgv_node *node; /* those a container sees; [0] is the first */
	unsigned n, room;
	struct cgv_text text; /* of the kernel's */
};

/**
 * cgv_numa() - a container's memory by node: the nodes add up to @m
 * @io: refilled; cgv_numa_free() when done with it
 * Source: memory.numa_stat (v1: its hierarchical_*), which says what is used on which node; all
 *         else, and what is free, lies on the first.
 */
int cgv_numa(const struct cgv_container *c, const struct cgv_memory *m,
	     const struct cgv_nodes *nodes, struct cgv_numa *io) CGV_CHECKED;
void cgv_numa_free(struct cgv_numa *n);

/* ---- huge pages ---- */

/* Huge pages of one size. */
struct cgv_hugepages {
	uint64_t size;	      /* bytes; 0: none */
	uint64_t total, free; /* counts */
};

#define CGV_HUGE_SIZES 8 /* more than any machine has */

/**
 * cgv_hugepages() - huge pages of each size the host has
 * Source: hugetlb.SIZE.{max,current} | {limit,usage}_in_bytes of its cgroup: 0 without a limit
 *         there, at most the host's sys/kernel/mm/hugepages/hugepages-SIZE/nr_hugepages.
 */
int cgv_hugepages(const struct cgv_container *c,
		  struct cgv_hugepages out[CGV_HUGE_SIZES]) CGV_CHECKED;
