/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pct-bench: one table of cases; each has subjects, which are measured in turns: ours, the peers,
 * what it cannot be faster than, and ours once more (A/A), whose ratio says how far to trust
 * the others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

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
	TURNS,	  /* the numbers it prints: one for each byte on its stdin (turns.c) */
	CURVE,	  /* it prints lines "x y"; once */
};

struct bench_case {
	const char *name;
	const char *about; /* what is equal, what is not; a sentence for the report, or NULL */
	enum kind kind;
	const char *unit;  /* of PRINTED, TURNS and CURVE */
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
	/* About: its fixture; one case of it, by 7 rounds. A round more is a seventh more. */
	unsigned begin_s, case_s;
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
	/*
	 * The median of the rounds' ratios, not the ratio of medians: the two of a round met the
	 * same machine. Ours ÷ the first peer (where there is none, the floor); ours ÷ the floor;
	 * ours ÷ ours again, A/A, with the least and the most of its rounds: were ours and the
	 * peer's the same, both were quotients of the same kind, with the same luck above the line.
	 * 0: cannot be said.
	 */
	double ratio, to_floor, same, same_min, same_max;
	/* TURNS know better what a round's ratios are. By subject: ours ÷ that one. */
	double each[SUBJECTS_MAX][ROUNDS_MAX];
	size_t n_each;
};

struct plan {
	bool quick;
	int rounds;
	char *const *only; /* "storage", "storage/create"; the last is NULL; none: all */
	const char *out;   /* a directory */
	char top[64];	   /* where all is made */
};

/* run.c */
/* Appends to @out. -EINTR: stopped by a signal. */
int section_run(const struct section *s, const struct plan *p, struct result *out, size_t *n);
bool case_wanted(const struct section *s, const struct bench_case *c, const struct plan *p);
void figures_settle(struct figures *f);
void result_settle(struct result *r);
/*
 * Its ratio is one that A/A has, too, or within 2 % of 1: what is promised of views. Nothing is
 * said where there is no A/A.
 */
bool result_is_same(const struct result *r);
const struct subject *result_other(const struct result *r, enum role role); /* ratios are to it */
double median(const double *of, size_t n);
size_t subjects_n(const struct bench_case *c);
/* @out and @in < 0: into the log, /dev/null. < 0 is an errno. */
int spawn(char *argv[], int in, int out, pid_t *pid);
/* turns.c */
void turns_round(struct result *r, int round, bool quick);
const char *unit_of(const struct bench_case *c);
/* What its fixture has to say, by tell NAME_NOTE; or NULL. */
const char *section_note(const struct section *s);

/* report.c: the table on stdout, OUT/bench.json; page.c: OUT/bench.html, with plot.c's pictures. */
void report_head(const struct section *s);
void report_row(const struct result *r);
int report_json(const struct plan *p, const char *machine, const struct result *all, size_t n);
int plots_draw(const struct plan *p, const char *machine, const struct result *all, size_t n);
bool plots_can(void); /* there is a gnuplot */
bool result_has_plot(const struct result *r);
bool section_has_plot(const struct result *all, size_t n); /* of its ratios */
int page_write(const struct plan *p, const char *machine, const struct result *all, size_t n);
