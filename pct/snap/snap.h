/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Snapshots of a container: a section of its conf for each, as Proxmox has them, and a snapshot of
 * the same name of each of its volumes.
 *
 *   sections.c   the sections; pure
 *   volumes.c    the volumes that a section names
 *   still.c      a container that stands still, and is let go whatever happens
 *   snap.c       taken, removed, gone back to; and what a killed one has left is mended
 *   auto.c       those that are taken by the clock
 *
 * While one is worked on the conf has a `lock:`, and its section a `snapstate:`: "prepare", then
 * all of it goes when mended; "delete" and "rollback" are finished.
 */
#pragma once

#include <time.h>

#include "pct/conf/config.h"
#include "pct/conf/store.h"

/* ---- sections ---- */

/* NULL: @text may be one's name; else what one is. For an option's row. */
const char *form_snapshot(const char *text);

bool snap_is(const struct section *s);
/* NULL: there is none. */
struct section *snap_find(const struct config *c, const char *name);

/* It is to be: locked, with all that is in the main section now. -EINVAL of @description. */
int snap_begin(struct config *c, const char *name, const char *description, time_t now);
/* It is: the newest. */
int snap_commit(struct config *c, const char *name);
/* It is no more: those that came of it come of its parent; its volumes that nothing else names are
 * unused ones. */
int snap_drop(struct config *c, const char *name);
/* The main section as it was then, but for the note and unused volumes; those that came since are
 * unused ones. What was pending is not any more. */
int snap_restore(struct config *c, const char *name);

/* lock: and snapstate: of what is under way; @state NULL: nothing is. */
int snap_mark(struct config *c, const char *name, const char *lock, const char *state);

/* When it was taken; 0: not known. */
time_t snap_time(const struct section *s);

/* ---- what is done. All of these say what is wrong; the lock is held. ---- */

struct snap_result {
	double frozen_ms; /* how long it stood still; < 0: it did not run */
	size_t volumes;
};

int snap_take(unsigned vmid, struct config *c, const char *name, const char *description,
	      struct snap_result *out);
/* @force: also when a volume's snapshot cannot be removed. */
int snap_remove(unsigned vmid, struct config *c, const char *name, bool force);
/* Asked before it is stopped for that. */
int snap_can_rollback(unsigned vmid, const struct config *c, const char *name);
/* It must not run. */
int snap_rollback(unsigned vmid, struct config *c, const char *name);

/*
 * What was killed half-way is finished, or undone if it was being taken. 1: something was; it is
 * said what.
 */
int snap_mend(unsigned vmid, struct config *c);
