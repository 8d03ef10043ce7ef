/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Containers that started while there was no pctfs, and went on without views. A note of each is
 * beside pctfs's socket, for `pct-launch repair` to find. It is of one process: a pid that came
 * back is another's.
 */
#pragma once

#include "launcher/launch.h"

struct waiting {
	const char *door, *id;
	pid_t pid;
	int pidfd; /* of that very process */
	bool fixed_cpus, fast;
};

/* Leave a note, and say what is to be done, or why there is none: the container starts all the
 * same. */
void waiting_add(const struct options *o, const char *door, const char *id, pid_t pid);

/* It has views, or has ended. */
void waiting_remove(const struct options *o, const char *door, const char *id);

/*
 * Those that still run and are not of @all, which pctfs knows; notes of others go. A negative errno
 * ends it.
 */
int waiting_each(const struct options *o, json_object *all,
		 int (*found)(const struct waiting *w, void *arg), void *arg) MUST_CHECK;

/* One of those, with what @found returns; 0: it waits no longer. */
int waiting_one(const struct options *o, const char *door, const char *id,
		int (*found)(const struct waiting *w, void *arg), void *arg) MUST_CHECK;
