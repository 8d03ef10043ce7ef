/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The virtual files: one row each in files.c. Their renderers turn a sample into text and
 * read nothing of the container themselves.
 */
#pragma once

#include "cgview/cgview.h"
#include "procfs/out.h"

/* What a file needs to know of a container. Each part is read once per tick, for all files. */
enum need {
	NEED_MEMORY = 1, /* also for what needs no number, but a container that is there */
	NEED_CPUS = 2,
	NEED_CPUTIME = 4, /* with NEED_CPUS */
	NEED_AGE = 8,	  /* the least: that it lives */
	NEED_TASKS = 16,
	NEED_NODES = 32, /* with NEED_CPUS */
	NEED_DISKS = 64,
	NEED_VMSTAT = 128, /* with NEED_MEMORY and NEED_DISKS */
	NEED_PRESSURE = 256,
	NEED_NUMA = 512, /* with NEED_MEMORY and NEED_NODES */
	NEED_HUGEPAGES = 1024,
	NEED_BOOT_ID = 2048,
	NEED_PRODUCT_UUID = 4096,
	NEED_PERSONALITY = 1 << 30, /* the reader's: the kernel's own text depends on it */
};

/* What is said of pressure, by enum cgv_pressure; "": nothing is accounted. */
struct pressure {
	char text[CGV_N_PSI][256];
};

/* One container at one moment. */
struct sample {
	uint64_t tick;	 /* of the moment; 0: nothing read yet */
	unsigned have;	 /* enum need */
	bool fixed_cpus; /* its cpuset stays as it is for life */
	struct cgv_time now;
	struct cgv_memory memory;
	struct cgv_cpus cpus;
	struct cgv_age age;
	struct cgv_tasks tasks;
	struct cgv_load load;
	struct cgv_nodes nodes;
	const struct cgv_cputime *cputime;
	const struct cgv_disks *disks;
	const struct cgv_vmstat *vmstat;
	const struct pressure *pressure;
	const struct cgv_numa *numa;
	struct cgv_hugepages hugepages[CGV_HUGE_SIZES];
	struct cgv_uuid boot_id, product_uuid;
};

/* What a renderer is given. */
struct view {
	const struct cgv_host *host;
	const struct sample *s;
	const char *path;	  /* of the file, below the mount */
	struct cgv_text *scratch; /* for the host's text */
	struct cgv_text *work;	  /* for anything else */
};

/*
 * Adding a row is all it takes to add a file. What the host does not have is not served. A path
 * that ends in "/" is a directory of the host, and all that is in it; without a renderer it is
 * empty.
 */
struct file {
	const char *path;				    /* below the mount */
	unsigned needs;					    /* enum need */
	int (*render)(const struct view *v, struct out *o); /* 0, or a negative errno */
};

extern const struct file files[];
extern const size_t n_files;

/* The row for @path, "proc/meminfo"; NULL: none. */
const struct file *file_find(const char *path);

/* Has the host such a file at all? One with a kernel that has none is served none. */
bool file_is_served(const struct cgv_host *h, const struct file *f);

/*
 * Is it never shared through the page cache? Who computes with uptime and the start times of
 * processes needs it to be of this very tick, also when the file is kept open and rewound.
 */
bool file_is_direct(const struct file *f);

/*
 * Can it be served by the page cache, to all alike and for a while? Not what must be of this tick,
 * or takes writes, or depends on who reads.
 */
bool file_is_fast(const struct file *f);

/* Does a write set a pressure trigger? */
bool file_is_writable(const struct file *f);

/* Its permissions: the kernel's own, where these keep somebody from reading. */
mode_t file_mode(const struct file *f);

/* Does a container that has something of its own in that place keep it? */
bool file_yields(const struct file *f);

/* -E2BIG: @o is too small for it. */
int file_render(const struct file *f, const struct view *v, struct out *o) MUST_CHECK;

/* Of a line of /proc/meminfo, or of a node's: bytes, or a count. */
uint64_t meminfo_value(const struct cgv_memory *m, struct span key);

/* Which pressure a path is of; false: of none. */
bool pressure_kind(const char *path, enum cgv_pressure *out);

int boot_id_render(const struct view *v, struct out *o);
int cpuinfo_render(const struct view *v, struct out *o);
int diskstats_render(const struct view *v, struct out *o);
int empty_render(const struct view *v, struct out *o);
int hugepages_render(const struct view *v, struct out *o);
int loadavg_render(const struct view *v, struct out *o);
int meminfo_render(const struct view *v, struct out *o);
int pagetypeinfo_render(const struct view *v, struct out *o);
int partitions_render(const struct view *v, struct out *o);
int percpu_render(const struct view *v, struct out *o);
int pressure_render(const struct view *v, struct out *o);
int product_uuid_render(const struct view *v, struct out *o);
int schedstat_render(const struct view *v, struct out *o);
int slabinfo_render(const struct view *v, struct out *o);
int stat_render(const struct view *v, struct out *o);
int swaps_render(const struct view *v, struct out *o);
int sysnode_render(const struct view *v, struct out *o);
int vmstat_render(const struct view *v, struct out *o);
int syscpu_render(const struct view *v, struct out *o);
int uptime_render(const struct view *v, struct out *o);
int zoneinfo_render(const struct view *v, struct out *o);
