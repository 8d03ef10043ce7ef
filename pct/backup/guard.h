/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a backup that was killed would leave behind: a container that stands still, or was stopped
 * and is to run again, its `lock: backup`, an archive that is half written. A process of its own,
 * in a session of its own, waits for ours to end, and puts all that right if it was killed. Should
 * both be killed, the next backup or 'pct startall' does: run/pct/backup/<vmid> says what there is
 * to do. It is written before anything of it is done.
 */
#pragma once

#include <stdbool.h>

#include "base/base.h"

struct guard {
	unsigned vmid;
	int end; /* of a pipe, whose other end is the guard's */
	int pid;
	int writer; /* a pidfd: what is to be ended first, as it would take what has come for all;
		       -EBADF: nothing */
	bool stopped, frozen, snapshot;
	int stopping; /* s: it may have been asked to end, and has so long; 0: it has ended */
	char *file;   /* being written; NULL: none yet */
};

/* One backup at a time on this host: all wait for it up to @minutes. Says what is wrong; not that
 * another is under way, of 0 minutes. */
int guard_turn(int minutes, int *turn);

/*
 * From now on @vmid is watched. The guard has what we have open, and holds it until it has done its
 * work: whoever's turn is next comes after it. @writer: as in struct guard.
 */
int guard_begin(unsigned vmid, int writer, struct guard *out);

/* What there is to put right, before it is done: all from g->stopped on. Says what is wrong. */
int guard_note(struct guard *g);

/* Nothing is to be put right any more. */
void guard_end(struct guard *g);
#define GUARD_NONE                                                                                 \
	{                                                                                          \
		.end = -EBADF, .writer = -EBADF                                                    \
	}
#define auto_guard CLEANUP(guard_end) struct guard

/*
 * Whoever's turn it is: what a backup of @vmid has left that was killed with its guard. 1: there
 * was something, and it is said.
 */
int guard_recover(unsigned vmid);

/* Without its turn: the same, or it says that a backup is under way. 0: there is nothing of one. */
int guard_settle(unsigned vmid);

/* The same of all containers, if no backup is under way. */
void guard_recover_all(void);

/* Start it although it is locked for a backup, by a process of its own. */
int guard_start(unsigned vmid);

/* The snapshot that a backup is made of, as Proxmox calls it. */
#define BACKUP_SNAPSHOT "vzdump"
/* Take it away, if it is there. */
int guard_drop_snapshot(unsigned vmid);
