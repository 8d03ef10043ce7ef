/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words after a command's name, checked against its row.
 */
#pragma once

#include "pct/pct.h"

#define ARGS_HELP 1 /* args_parse(): the user asked for help, nothing was checked */

struct given {
	const struct option *option;
	char name[OPTION_NAME]; /* the option's, with its number where there are several */
	char *value;		/* as option_take() keeps it */
};

struct args {
	const struct command *command;
	unsigned vmid;	     /* of commands that take one */
	int argc;	     /* what is not an option, without the VMID */
	const char **argv;   /* NULL at the end; the words are the caller's */
	struct given *given; /* each option at most once */
	size_t n_given;
};

/*
 * Options may stand before, between and after the other words: -x V, --x V, -x=V, --x=V, and x
 * may be shortened while it is clear. "--" ends them. A bool takes a value only if the next word
 * is one: never a VMID.
 *
 * 0; ARGS_HELP; -ENOMEM; or -EINVAL with everything that is wrong in @wrong, malloc'ed, joined
 * by "; ". Whatever it answers, @out is to be freed.
 */
int args_parse(const struct command *c, int argc, char *argv[], struct args *out, char **wrong);

void args_free(struct args *a);

/* An option by its name or a clear beginning of it; NULL: none, or several may be meant. */
const struct option *args_option(const struct command *c, const char *name, size_t n);

/* The value of an option that was given, else NULL. */
const char *args_value(const struct args *a, const char *name);
bool args_bool(const struct args *a, const char *name);

/* Of commands that print data: is it wanted as JSON? */
bool args_json(const struct args *a);
