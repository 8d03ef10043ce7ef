/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text in the form that Prometheus reads (0.0.4): families of samples, each with what it is said to
 * be, and labels that hold any text.
 */
#pragma once

#include <stdio.h>

#include "cgview/cgview.h"

enum prom_type { PROM_COUNTER, PROM_GAUGE, PROM_HISTOGRAM };

/* What a number is of; samples are in base units: bytes, seconds. */
enum prom_unit {
	PROM_PLAIN,
	PROM_NSEC, /* shown as seconds */
	PROM_LOAD, /* of CGV_LOAD_1 */
};

struct prom {
	struct cgv_text text;
	size_t len;
	bool failed; /* no memory: looked at once, at the end */
};

void prom_free(struct prom *p);

void prom_put(struct prom *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* However long. */
void prom_text(struct prom *p, const char *text);
/* What stands before the samples of a family. */
void prom_family(struct prom *p, const char *name, enum prom_type type, const char *help);
/* KEY="TEXT", and a comma before it unless @first. What is no UTF-8 becomes U+FFFD. */
void prom_label(struct prom *p, bool first, const char *key, const char *text);
/* Are both the same as the text of a label? */
bool prom_same(const char *a, const char *b);
/* A number and the end of the line. */
void prom_number(struct prom *p, enum prom_unit unit, uint64_t n);
/* A whole sample. @labels: as prom_label() wrote them; "": none. */
void prom_sample(struct prom *p, const char *name, const char *labels, enum prom_unit unit,
		 uint64_t n);

/* Who hears which families there are. */
struct prom_reader {
	void (*hear)(const char *name, enum prom_type type, const char *help, FILE *to);
	FILE *to;
};

const char *prom_type_name(enum prom_type t);
