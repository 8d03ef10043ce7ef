/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line of an OCI runtime, as far as a wrapper must know it: of runc and crun, and those
 * that take the same words.
 */
#pragma once

#include <stdbool.h>

#include "base/base.h"

/* Our own options, "--pct-NAME" before the command: taken out of the line. */
struct own_words {
	bool strict, no_time, help;
	const char *socket;    /* "--pct-socket=PATH" */
	const char *runtime;   /* "--pct-runtime=NAME" */
	const char *launch[8]; /* what goes to pct-launch: "--cpus=live" */
	size_t n_launch;
};

/* What is said of them. */
struct own_help {
	const char *left, *help;
};
extern const struct own_help own_help[];
extern const size_t n_own_help;

/* A container: RESTORES from an image of one. */
enum makes { MAKES_NO, MAKES, RESTORES };

struct call {
	const char *command; /* NULL: none that concerns one container */
	const char *id;	     /* NULL: there is none */
	const char *bundle;  /* "." if none is said */
	const char *root;    /* "--root"; "" if none is said */
	const char *config;  /* "--config": a file that is not the bundle's config.json; or NULL */
	enum makes makes;
	bool many; /* the id is a pattern, for more than one */
};

/* -EINVAL: an option of our own that there is not; *bad is it. */
int words_take(char *argv[], struct own_words *own, const char **bad) MUST_CHECK;

void words_read(char *const argv[], struct call *out);
