/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pct-bench: one table of cases; each has subjects, which are measured in turns: ours, the peers,
 * what it cannot be faster than, and ours once more (A/A), whose ratio says how far to trust
 * the others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SUBJECTS_MAX 7
#define ROUNDS_MAX   101
#define POINTS_MAX   64 /* of a curve */

enum role { OURS, PEER, FLOOR, AGAIN };

/*
 * @before and @after are lines for a shell that has bench/suite-lib in it; so is @command where a
 * number is what it prints. A command that is timed is run without a shell between: it is words,
 * with ${NAME} of the environment.
 */
struct subject {
	const char *who;
	enum role role;
	const char *needs; /* a variable of the fixture's that is not empty; NULL: nothing */
	const char *command, *before, *after;
};

enum kind {
	TIMED,	  /* how long @command takes, in ms */
	SYNCED,	  /* … until what it wrote in $FS is on the disk */
	CPU_USED, /* how much CPU time it takes, in ms */
	PRINTED,  /* the number it prints */
	CURVE,	  /* it prints lines "x y"; once */
};

struct bench_case {
	const char *name;
	const char *about; /* what is equal, what is not; a sentence for the report, or NULL */
	enum kind kind;
	const char *unit;  /* of PRINTED and CURVE */
	bool more;	   /* is better */
	bool slow;	   /* left out by QUICK */
	const char *x;	   /* of a CURVE: what it is over */
	const char *needs; /* as a subject's, of all of them */
	struct subject subjects[SUBJECTS_MAX];
};

/* Those that share a fixture: NAME_begin and NAME_end of bench/suite-lib. */
struct section {
	const char *name, *title, *about;
	const struct bench_case *cases;
	size_t n;
	bool slow; /* all of it is left out by QUICK */
};

extern const struct section section_reads, section_overhead, section_life, section_btrfs,
    section_ext4, section_tools, section_density;
extern const struct section *const sections[];
extern const size_t n_sections;

/* ---- what came of it ---- */

struct figures {
	bool there;
	const char *why;		       /* why not: "not installed", "failed: …" */
	size_t n;			       /* rounds, or points of a curve */
	double x[POINTS_MAX], all[ROUNDS_MAX]; /* in the order they were measured */
	double median, min, max;
};

struct result {
	const struct section *section;
	const struct bench_case *c;
	struct figures of[SUBJECTS_MAX];
	/* Of the medians: ours ÷ the first that is neither ours nor A/A; and ours again ÷ ours. */
	double ratio, same, same_min, same_max;
};

struct plan {
	bool quick;
	int rounds;
	const char *only; /* "storage", "storage/create"; NULL: all */
	const char *out;  /* a directory */
	char top[64];	  /* where all is made */
};

/* run.c */
/* Appends to @out; *@met: it has cases that are wanted. -EINTR: stopped by a signal. */
int section_run(const struct section *s, const struct plan *p, struct result *out, size_t *n,
		bool *met);
void figures_settle(struct figures *f);
void result_settle(struct result *r);
bool result_is_same(const struct result *r); /* its ratio is one that A/A has, too */
size_t subjects_n(const struct bench_case *c);
const char *unit_of(const struct bench_case *c);
/* What its fixture has to say, by tell NAME_NOTE; or NULL. */
const char *section_note(const struct section *s);

/* report.c: the table on stdout, OUT/bench.json; page.c: OUT/bench.html, with plot.c's pictures. */
void report_head(const struct section *s);
void report_row(const struct result *r);
int report_json(const struct plan *p, const char *machine, const struct result *all, size_t n);
int plots_draw(const struct plan *p, const struct result *all, size_t n);
int page_write(const struct plan *p, const char *machine, const struct result *all, size_t n);
