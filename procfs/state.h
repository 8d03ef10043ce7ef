/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What outlives the daemon, however it ends: who is registered, and the counters of /proc/stat
 * and /proc/loadavg, which must never go backwards. A file in the run directory, mapped: what was
 * stored before a kill is there after it. It is of this boot, and starts empty in the next one.
 *
 * Every function takes a NULL state, and does nothing then.
 */
#pragma once

#include "base/base.h"
#include "cgview/cgview.h"

struct state;

/* -ENOSPC: no room where @path is. One daemon a file: the run directory's lock sees to that. */
int state_open(const char *path, const struct cgv_host *h, struct state **out) MUST_CHECK;
void state_close(struct state *s);

/* Which container: its init and when that started, or with no init its cgroup's inode. */
struct state_key {
	uint64_t init, born;
};

/* A container's row. Once it is given back, its holder writes into the void. */
struct state_row {
	uint32_t at, generation; /* at 0: none */
	uint32_t slot;		 /* the container's number, of which there is one a boot */
};

/* Who registered it. All NULL: it is known by its callers only. */
struct state_name {
	const char *name, *door, *id;
	bool fixed_cpus, fast; /* as it was registered */
};

/* What is counted. cputime.row is the owner's; NULL there: nothing was counted yet. */
struct state_counts {
	struct cgv_cputime cputime;
	struct cgv_load load;
	uint64_t last_pid;
	struct cgv_swapped swapped;
};

/*
 * A row for a container. When there is one of the same key, @counts gets what was counted there,
 * else it stays as it is. One that an earlier daemon left of the same key and name is taken over,
 * with its slot. No room: a row 0, and a slot.
 */
struct state_row state_take(struct state *s, const struct state_key *key,
			    const struct state_name *name, struct state_counts *counts);

/* It was registered once more, in that way. */
void state_set_fast(struct state *s, const struct state_row *row, bool fast);

/* Called before what was counted is shown to anybody. */
void state_save(struct state *s, const struct state_row *row, const struct state_counts *counts);

/* The container is gone, or another row has taken over. */
void state_forget(struct state *s, const struct state_row *row);

/*
 * The next row that an earlier daemon left, and nobody took since. *at starts at 0; false: there
 * are no more. The texts stay until the row is forgotten.
 */
bool state_left(struct state *s, uint32_t *at, struct state_key *key, struct state_name *name);
void state_forget_left(struct state *s, uint32_t at);
