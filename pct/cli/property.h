/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values that are made of named ones: "name=eth0,bridge=vmbr0,ip=dhcp". What they may be is a
 * table of options; one of them may be meant by a value that stands alone.
 */
#pragma once

#include "pct/cli/option.h"

#define PROPERTIES_MAX 32

/* Of a value, by the rows of its table; NULL: not given. Owned: auto_properties p = { 0 }; */
struct properties {
	const struct option *rows;
	char *value[PROPERTIES_MAX];
};

/* -EINVAL: @why says what is wrong with it. */
int properties_parse(const struct option *o, const char *text, struct properties *out,
		     char why[OPTION_WHY]);

/*
 * As a file has it, where others may have written it: names and values that we do not know of are
 * left out, what is required may be missing.
 */
int properties_read(const struct option *o, const char *text, struct properties *out);

/* NULL: not given. The table must have it. */
const char *properties_get(const struct properties *p, const char *name);
bool properties_bool(const struct properties *p, const char *name);

/* NULL @value: take it out. @value must be one that its row takes. */
int properties_set(struct properties *p, const char *name, const char *value);

/* The bare one first, then those required, then the others, each by name; malloc'ed. */
char *properties_write(const struct properties *p);

void properties_free(struct properties *p);
#define auto_properties CLEANUP(properties_free) struct properties

/* For option_take(). */
int properties_take(const struct option *o, const char *text, char **value, char why[OPTION_WHY]);
