/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests: an attach that stops between a target's being found and the view's being moved there
 * (launcher/pause.h). What is done to it then hits, and none is waited for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TARGET_MAX 64

extern const char *launch; /* a pct-launch that stops */
extern int failed;	   /* some check */

struct attempt {
	pid_t pid;
	int pause, errors;
	int status; /* what it exited with; -1: otherwise */
	char said[1024];
};

/* A line as tests/e2e/lib.sh prints them. */
void say(bool ok, const char *what);
_Noreturn void die(const char *what);

void start(struct attempt *a, const char *whom, const char *as);
/* The target it is about to lay a view on; false: there is none any more. */
bool reached(struct attempt *a, char *target, size_t size);
void go_on(struct attempt *a);
/* It has not come to its end. */
bool goes(const struct attempt *a);
/* To its end, without more stops. */
void finish(struct attempt *a);

/* One that nobody hinders. */
bool attach(const char *whom, const char *as);

/* What went wrong was one line, and what did not none. */
bool is_said(const struct attempt *a);
