/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How far long work is: a bar on a terminal; for programs (--output-format json) an object a line
 * on stdout; else nothing.
 *
 *   struct progress p = progress_of(a);
 *   progress_begin(&p, total, "copy %s", "rootfs");
 *   progress_add(&p, n); ...
 *   r = progress_end(&p, r);
 *
 * One thing at a time, but as many after each other as there are. Whoever is handed a struct
 * progress may be handed NULL. A command that has none of the two needs none: it says nothing.
 *
 *   {"work":"copy rootfs","done":1048576,"total":4194304,"unit":"bytes"}
 *   {"work":"copy rootfs","done":4194304,"total":4194304,"unit":"bytes","result":"ok"}
 *
 * The first has done 0, the last a result, "ok" or "failed"; total is not there if not known.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"

struct args;

enum progress_shown { PROGRESS_NOT, PROGRESS_BAR, PROGRESS_JSON };

struct progress {
	enum progress_shown shown;
	char work[80];
	const char *unit;     /* "bytes" until set, after progress_begin() */
	uint64_t done, total; /* total 0: not known */
	uint64_t limit;	      /* a second: what is faster waits; 0: none */
	uint64_t begun, last; /* nanoseconds: when it began, when it was shown last */
	bool drawn;	      /* there is a bar on the terminal */
};

/* A command that has .prints: as its --output-format wants it. */
struct progress progress_of(const struct args *a);

void progress_begin(struct progress *p, uint64_t total, const char *fmt, ...) FORMAT(3, 4);
/* So much more, or all of it so far; both cost next to nothing. */
void progress_add(struct progress *p, uint64_t n);
void progress_at(struct progress *p, uint64_t done);
/* The same @r back: 0, or a negative errno. */
int progress_end(struct progress *p, int r);

/*
 * The bar as it is at @now: @width columns at most, malloc'ed. Pure.
 *   copy rootfs  [########--------]  50%  1.0G/2.0G  512.0M/s  0:02
 */
char *progress_line(const struct progress *p, uint64_t now, unsigned width);
