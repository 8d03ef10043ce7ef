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
	NEED_MEMORY = 1,
	NEED_CPUS = 2,
	NEED_CPUTIME = 4, /* with NEED_CPUS */
	NEED_AGE = 8,
	NEED_TASKS = 16,
};

/* One container at one moment. */
struct sample {
	uint64_t tick; /* of the moment; 0: nothing read yet */
	unsigned have; /* enum need */
	struct cgv_time now;
	struct cgv_memory memory;
	struct cgv_cpus cpus;
	struct cgv_age age;
	struct cgv_tasks tasks;
	struct cgv_load load;
	const struct cgv_cputime *cputime;
};

/* What a renderer is given. */
struct view {
	const struct cgv_host *host;
	const struct sample *s;
	const char *path;	  /* of the file, below the mount */
	struct cgv_text *scratch; /* for the host's text */
	struct cgv_text *work;	  /* for anything else */
};

/* Adding a row is all it takes to add a file. */
struct file {
	const char
	    *path;	/* below the mount; ending in "/": a directory of the host, and all in it */
	unsigned needs; /* enum need */
	int (*render)(const struct view *v, struct out *o); /* 0, or a negative errno */
};

extern const struct file files[];
extern const size_t n_files;

/* The row for @path, "proc/meminfo"; NULL: none. */
const struct file *file_find(const char *path);

/* -E2BIG: @o is too small for it. */
int file_render(const struct file *f, const struct view *v, struct out *o) MUST_CHECK;

int cpuinfo_render(const struct view *v, struct out *o);
int loadavg_render(const struct view *v, struct out *o);
int meminfo_render(const struct view *v, struct out *o);
int stat_render(const struct view *v, struct out *o);
int swaps_render(const struct view *v, struct out *o);
int syscpu_render(const struct view *v, struct out *o);
int uptime_render(const struct view *v, struct out *o);
