/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said of pctfs's command line: one table for getopt, --help and pctfs(8).
 */
#pragma once

#include <getopt.h>
#include <stdio.h>

struct flag {
	const char *name, *arg; /* NULL: takes none */
	int letter;		/* what getopt gives */
	const char *help;	/* no full stop; NULL: not for people */
};
#define SHORT_FLAGS "fbh" /* whose letters may be typed, too; -b says a keeper to its worker */

extern const struct flag pctfs_flags[], stats_flags[];
extern const size_t n_pctfs_flags, n_stats_flags;

/* For getopt_long(): their rows, and an empty one. */
#define FLAGS_MAX 16
void pctfs_options(struct option out[FLAGS_MAX]);
void stats_options(struct option out[FLAGS_MAX]);

/* The exit code: 0 on stdout, 2 on stderr. */
int pctfs_usage(FILE *to);
int stats_usage(FILE *to);

/* pctfs(8), as roff; an exit code. */
int pctfs_manual(FILE *to);
