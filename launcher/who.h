/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A running container, as somebody names it.
 */
#pragma once

#include "launcher/launch.h"

struct who {
	pid_t pid;	    /* of a process in it */
	int pidfd;	    /* of that process */
	json_object *known; /* as pctfs lists it; NULL: it does not */
};

void who_put(struct who *w);
#define auto_who CLEANUP(who_put) struct who

/* The number of its mount namespace, by which containers are told apart; 0: there is no such. */
ino_t mounts_of(pid_t pid);

/* @text: a pid, a name, an id. All errors are said. */
int who_find(const struct options *o, const char *text, struct who *out) MUST_CHECK;
