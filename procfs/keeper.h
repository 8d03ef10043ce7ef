/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keeper's parts: what it holds (held.c), who works for it (child.c), and what it does when
 * (keeper.c). It reads nothing that comes from containers, and does one thing: that there is a
 * worker.
 */
#pragma once

#include "procfs/connection.h"
#include "procfs/counts.h"
#include "procfs/stuck.h"

/* A worker, as seen from outside. */
struct child {
	pid_t pid; /* 0: none */
	int pidfd, sock;
	bool prepared, ready;
	bool goes_on;	/* there is no other: what comes is for this one */
	uint64_t since; /* ms: ready */
};

struct keeper {
	struct daemon *d;
	struct connection mounts[N_MOUNTS];
	int lock, opens, control, seccomp, takeover, metrics, signals;
	int counted;		/* the memory of what is; -EBADF: none could be had */
	struct counts *counts;	/* the keeper's part of it */
	int exe, exe_before;	/* what is run as worker; what was before the last takeover */
	struct child now, next; /* the one that serves; one that shall */
	int next_exe;
	unsigned failures;    /* starts since one was ready */
	unsigned short_lived; /* workers in a row that served less than a second */
	bool was_ready, ending;
	bool killed;	    /* the worker, by us: it did not answer */
	bool repair;	    /* containers have views of a mount that was cut off */
	bool resumed;	    /* it goes on with the mount of a keeper before it */
	struct looks looks; /* at what it does not get on with */
	pid_t husks[8];	    /* workers that could not end, to be reaped when they have */
	int asker;	    /* who wants an end of it all; -EBADF: nobody */
	int kept[KEPT_MAX]; /* fds, by number */
	uint32_t kept_max;  /* numbers below it are given */
	int helper;	    /* who mounts in containers (pct-launch mounter); -EBADF: none */
	uint64_t helper_at; /* ms: when it was started */
	bool helper_failed; /* the last one ended at once */
};

uint64_t now_ms(void);

/* ---- held.c; errors are said ---- */

/* It is the only keeper of this run directory. */
int held_lock(struct keeper *k) MUST_CHECK;
/* It serves: the next start is another matter. */
void held_serve(struct keeper *k);
/* The mounts: those that a keeper before this one left with a supervisor, else new ones. */
int held_mount(struct keeper *k) MUST_CHECK;
int held_open_sockets(struct keeper *k) MUST_CHECK;
/* What is counted outlives workers, and with a supervisor this keeper. */
void held_count(struct keeper *k);
/* One of the mounts was cut off. */
int held_mount_anew(struct keeper *k, int which) MUST_CHECK;
/* Let a supervisor have all of it too. */
void held_store(struct keeper *k);
/* A worker's connection: it is kept for the next one. @fd -1: no more. */
void held_keep(struct keeper *k, uint32_t id, int fd);
/* The end of it all. */
void held_take_off(struct keeper *k);

/* ---- child.c ---- */

/* @exe: the program. Errors are said. */
int child_start(struct keeper *k, int exe, struct child *c) MUST_CHECK;
/* Kill it, and wait for its end: not for ever. */
void child_end(struct keeper *k, struct child *c, int sig);
/* It ended, as far as it can: not all of its threads may be gone. */
bool child_is_husk(const struct child *c);
/* Those that have ended since. */
void child_reap_husks(struct keeper *k);
/* It ended: its exit status, or 128 and the signal. */
int child_reap(struct keeper *k, struct child *c);
/* There is no other one: it may take what is left of that. */
int child_let_go(struct keeper *k, struct child *c) MUST_CHECK;
/* False: it has nothing more to say. */
bool child_hear(struct keeper *k, struct child *c);

/* ---- helper.c ---- */

/* Start one if there is none, and there was not just one. */
void helper_start(struct keeper *k);
/* It ended. */
void helper_ended(struct keeper *k);
/* What it stands in for when pctfs is gone; @fd -1: no more. */
void helper_keep(const struct keeper *k, uint32_t id, int fd);
