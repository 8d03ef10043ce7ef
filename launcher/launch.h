/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pct-launch: one mechanism to put views into a container, and the doors that lead to it.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/say.h"
#include "launcher/bundle.h"

/* Will its cpuset be another one while the container lives? */
enum cpus_life { CPUS_UNKNOWN, CPUS_FIXED, CPUS_LIVE };

struct options {
	const char *socket; /* pctfs's */
	bool socket_named;  /* it is not where it is by default */
	bool strict;	    /* a container without views must not start */
	bool all;	    /* that are registered */
	bool again;	    /* only who is registered already */
	bool json;	    /* for programs */
	bool fast;	    /* what can be is served by the page cache */
	enum cpus_life cpus;
};

/* A sub-command. Its file defines it; launch_commands[] in usage.c lists it. */
struct command {
	const char *name;
	const char *args;
	const char *help;	/* one line, no full stop */
	int min_args, max_args; /* after the name; max_args < 0: any number */
	int (*run)(const struct options *o, int argc, char *argv[]); /* errors are said */
	bool hook; /* what fails here does not keep a container from starting, but with --strict */
};

extern const struct command cmd_attach, cmd_cdi, cmd_detach, cmd_list, cmd_lxc, cmd_mounter,
    cmd_oci, cmd_repair;

/* ---- usage.c ---- */

extern const struct command *const launch_commands[];
extern const size_t n_launch_commands;

/* The exit code: 0 on stdout, 2 on stderr. */
int launch_usage(FILE *to);

/* pct-launch(8), as roff; an exit code. */
int launch_manual(FILE *to);

/* ---- client.c: the control socket ---- */

/*
 * Ask pctfs; @request is put. The answer is for the caller to put. -EREMOTEIO: pctfs said no,
 * and its reason is said.
 */
int ask(const struct options *o, json_object *request, json_object **answer) MUST_CHECK;

/* All that are registered, in *all, which is part of the answer. */
int ask_all(const struct options *o, json_object **answer, json_object **all) MUST_CHECK;

/* Is there a pctfs at all? Without a word. */
bool is_served(const struct options *o);

json_object *request_new(const char *name, const char *door, const char *id);

/* Without a word: a daemon that does not know it saw it end, or is another one. */
void forget(const struct options *o, const char *door, const char *id);

/* ---- attach.c ---- */

int open_pidfd(pid_t pid) MUST_CHECK;

/* Of a pidfd below 0 nobody has. The latter says so: -ESRCH. */
bool has_ended(int pidfd);
/* Likewise of a pid that nobody holds: another may have it by now. */
bool is_over(pid_t pid);
int still_there(int pidfd) MUST_CHECK;

/* A mount of what is served at @root/@path, private, seen nowhere yet. Errors are said. */
int clone_view(const char *root, const char *path) MUST_CHECK;

/*
 * setns() is for the whole process: a child does the work. Its result, 0 to 100; or a negative
 * errno, then it has said why. -ETIMEDOUT: it does not come back, and may not even end.
 */
int in_child(int (*work)(int pidfd, const char *prefix, void *arg), int pidfd, const char *prefix,
	     void *arg) MUST_CHECK;

/* Is that text in a list of texts? @list may be NULL. */
bool has(json_object *list, const char *path);

/* What is served for a container: below @root, but what @fast names below @fast_root. */
struct source {
	const char *root, *fast_root;
	json_object *fast; /* NULL: nothing */
};

/*
 * Lay views over a container's own files, all or none of them. Targets it does not have are
 * skipped, and those in @yielding where something else is mounted already. @pidfd: of a process in
 * it, below 0 where this is one; @prefix: where its root is in its mount namespace, "" as a rule.
 * Errors are said.
 */
int attach(int pidfd, const char *prefix, const struct source *from, json_object *views,
	   json_object *yielding) MUST_CHECK;

/* Take them off again, whichever are there. */
int detach(int pidfd, const char *prefix, json_object *views) MUST_CHECK;

/*
 * The pid of what a pidfd is of, @pid to us, as /proc and the daemon have it: a hook may run in the
 * pid namespace of its container, and yet see the host's /proc.
 */
pid_t pid_outside(int pidfd, pid_t pid);

/*
 * Register a container and attach its views: what all doors do. On failure it is forgotten again,
 * if it was not known before. The latter is for who holds the process already.
 */
int put_views(const struct options *o, const char *door, const char *id, pid_t pid,
	      const char *prefix) MUST_CHECK;
int put_views_of(const struct options *o, const char *door, const char *id, int pidfd, pid_t pid,
		 const char *prefix) MUST_CHECK;

/* ---- look.c ---- */

enum views_state {
	VIEWS_NONE,
	VIEWS_FRESH,
	VIEWS_STALE, /* of a pctfs that is gone, or of lxcfs */
	VIEWS_SOME,
};

/* Of one of the containers that ask_all() gave. Errors are said. */
int views_state(json_object *answer, json_object *container, enum views_state *out) MUST_CHECK;
