/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pct top: what every running container uses. sample.c reads, table.c says it, screen.c shows it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgview/cgview.h"
#include "pct/cli/output.h"

/* The columns, in this order: what is missing on a narrow screen is at the end. */
enum top_value {
	TOP_CPU,	 /* percent of one CPU */
	TOP_MEMORY,	 /* bytes, without page cache */
	TOP_MEMORY_PART, /* percent of its limit */
	TOP_SWAP,	 /* bytes */
	TOP_READ,	 /* bytes a second, as all below until TOP_OUT */
	TOP_WRITE,
	TOP_IN,
	TOP_OUT,
	TOP_LOAD,
	TOP_PSI_CPU, /* percent of the last 10 s in which something waited for it */
	TOP_PSI_MEMORY,
	TOP_PSI_IO,
	TOP_TASKS,
	TOP_N_VALUES,
};

#define TOP_NAME 64

struct top_row {
	unsigned vmid;
	char name[TOP_NAME];
	double value[TOP_N_VALUES]; /* NAN: nobody counts that here */
	uint64_t memory_limit, swap_limit;
};

struct top_host {
	double cpu; /* percent of all CPUs */
	double load;
	unsigned cpus;
	uint64_t memory, memory_used;
};

/* --- sample.c --- */
struct top_tracked;
struct top {
	struct cgv_host host;
	struct top_tracked **tracked; /* those that run, by VMID */
	size_t n;
	struct top_row *row; /* of each, since the sample before */
	struct top_host of_host;
	uint64_t busy, total; /* of the host's CPUs, ticks */
};
int top_open(struct top *t);
/* Says what is wrong. A container is a row from its second sample on. */
int top_sample(struct top *t, size_t *rows);
void top_close(struct top *t);

/* --- table.c --- */
struct top_column {
	const char *title; /* over it; its width is the column's */
	const char *name;  /* for --sort and programs */
	const char *form;  /* which of them: "bytes", "percent" ... */
	int width;
	char key; /* sorts by it */
};
extern const struct top_column top_columns[TOP_N_VALUES];

/* What rows are sorted by: a value, or one of these. */
enum { TOP_BY_VMID = -1, TOP_BY_NAME = -2 };
/* The largest first, names and VMIDs the other way; @reverse: all the other way. */
void top_sort(struct top_row *row, size_t n, int by, bool reverse);
/* "12.3", "512M", "-". */
#define TOP_CELL 16
void top_cell(const struct top_row *r, enum top_value v, char out[TOP_CELL]);
/* For numbers of bytes: at most 5 characters. */
void top_bytes(double bytes, char out[TOP_CELL]);
json_object *top_json(const struct top_row *r);

/* --- screen.c --- */
/* Until the user leaves. */
int top_show(struct top *t, int by, uint64_t interval);
