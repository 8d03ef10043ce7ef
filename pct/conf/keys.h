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
struct live;

/* When a change reaches a running container. */
enum hotplug {
	HOTPLUG_START,	/* at its next start */
	HOTPLUG_CONFIG, /* at once: only pct itself reads it */
	HOTPLUG_LIVE,	/* at once: a limit the kernel changes under the container */
};

#define APPLY_LATER 1

struct key {
	struct option option;
	const char *fallback; /* holds when the conf does not say; NULL: nothing holds */
	const char *created;  /* written by create when not told otherwise */
	bool internal;	      /* set by pct itself: no option of any command */
	bool kept;	      /* never taken away once it is there */
	bool fixed;	      /* as create made it: no change of it */
	bool disk;	      /* no change of it in a container with `protection` */
	enum hotplug hotplug;
	/* Append its lines; @value is the conf's or the fallback, NULL if neither is there. */
	int (*lines)(const struct build *b, const char *value, FILE *out);
	/* Likewise, of one of several: net<number>. */
	int (*lines_of)(const struct build *b, unsigned number, const char *value, FILE *out);
	const char *none; /* of one that there may be several of: what holds when there is none */
	/*
	 * Of HOTPLUG_LIVE: make it so in a container that runs; @value NULL: as without the key.
	 * APPLY_LATER: not while it runs; a negative errno, said: it could not be done, and all is
	 * as before.
	 */
	int (*apply)(struct live *l, const char *name, const char *value);
	/* What is kept of a @value that create or set were given: malloc'ed. @was may be NULL. */
	char *(*complete)(const char *was, const char *value);
};

extern const struct key keys[];
extern const size_t n_keys;

/* "memory", "net3". NULL: no such key. */
const struct key *key_find(const char *name);

/* The value of @name as it is to be kept, @was being the one before, or NULL. malloc'ed. */
char *key_complete(const char *name, const char *was, const char *value);

/* Of one of several: 3 of "net3". */
unsigned key_number_of(const struct key *k, const char *name);

/* The conf's value, or the key's fallback; NULL if neither is there. */
const char *key_value(const struct config *c, const char *name);
bool key_bool(const struct config *c, const char *name);
/* In millionths. -EINVAL: not a number, or not there. A file is not held to the key's range. */
int key_number(const struct config *c, const char *name, int64_t *millionths);
