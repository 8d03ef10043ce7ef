/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keys of a conf, one row each: what `create` takes as options, what the file may say, and
 * which lines of liblxc's config come of it.
 */
#pragma once

#include <stdio.h>

#include "pct/cli/option.h"
#include "pct/conf/config.h"

struct build;

/* When a change reaches a running container. */
enum hotplug {
	HOTPLUG_START,	/* at its next start */
	HOTPLUG_CONFIG, /* at once: only pct itself reads it */
	HOTPLUG_LIVE,	/* at once: a limit the kernel changes under the container */
};

struct key {
	struct option option;
	const char *fallback; /* holds when the conf does not say; NULL: nothing holds */
	const char *created;  /* written by create when not told otherwise */
	bool internal;	      /* set by pct itself: no option of any command */
	enum hotplug hotplug;
	/* Append its lines; @value is the conf's or the fallback, NULL if neither is there. */
	int (*lines)(const struct build *b, const char *value, FILE *out);
};

extern const struct key keys[];
extern const size_t n_keys;

/* NULL: no such key. */
const struct key *key_find(const char *name);

/* The conf's value, or the key's fallback; NULL if neither is there. */
const char *key_value(const struct config *c, const char *name);
bool key_bool(const struct config *c, const char *name);
/* In millionths. -EINVAL: not a number, or not there. A file is not held to the key's range. */
int key_number(const struct config *c, const char *name, int64_t *millionths);
