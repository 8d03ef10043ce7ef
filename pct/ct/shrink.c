// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A limit of memory that becomes smaller. v2 takes any, and kills for it; v1 takes none that is
 * below what it cannot free, and kills nobody. Neither is to be a surprise.
 */
#include "pct/ct/shrink.h"

#include <inttypes.h>
#include <time.h>

#include "base/say.h"

#define ROUNDS	  20 /* of v1's freeing, which is given up when it frees nothing any more */
#define TO_MIB(n) (((n) + (1u << 20) - 1) >> 20)

uint64_t shrink_needed(uint64_t usage, const struct cgv_memory *m)
{
	uint64_t cache = m->active_file + m->inactive_file + m->slab_reclaimable;

	return usage > cache ? usage - cache : 0;
}

static const struct limit *find(const struct limits *l, const char *file)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->row[i].file, file) == 0)
			return &l->row[i];
	return NULL;
}

static uint64_t wanted(const struct limits *l, const char *file)
{
	const struct limit *row = find(l, file);

	return row ? strtoull(row->text, NULL, 10) : CGV_UNLIMITED;
}

static int read_memory(const struct group *g, struct cgv_memory *out)
{
	CLEANUP(cgv_place_free) struct cgv_place place = { 0 };
	struct cgv_container *c;
	int r = cgv_place_of_path(g->path, &place);

	if (r == 0)
		r = cgv_container_open(&g->host, &place, &c);
	if (r < 0)
		return r;
	r = cgv_memory(c, out);
	cgv_container_close(c);
	return r;
}

/* In bytes, what of memory, and of memory and swap, cannot be freed but by pushing it out. */
static int read_needs(const struct group *g, uint64_t *memory, uint64_t *both)
{
	struct cgv_memory m;
	int r = read_memory(g, &m);

	if (r < 0)
		return fail(r, "read the memory use of CT %u", g->vmid);
	*memory = shrink_needed(m.usage, &m);
	*both = *memory + m.swap_used;
	return 0;
}

static int check(const struct group *g, const struct limits *l)
{
	const char *file =
	    g->layout.owner[CGV_MEMORY] == CGV_V1 ? "memory.limit_in_bytes" : "memory.max";
	uint64_t memory, both, to = wanted(l, file);
	uint64_t sum = wanted(l, "memory.memsw.limit_in_bytes");
	int r = read_needs(g, &memory, &both);

	if (r < 0)
		return r;
	if (to < memory && to < group_number(g, CGV_MEMORY, file))
		return refuse(-EBUSY,
			      "CT %u uses %" PRIu64 " MiB of memory that cannot be freed, which is "
			      "more than %" PRIu64 " MiB; --force makes it so, and %s",
			      g->vmid, TO_MIB(memory), to >> 20,
			      g->layout.owner[CGV_MEMORY] == CGV_V1
				  ? "swaps out what it can"
				  : "processes in it may be killed");
	if (sum < both && sum < group_number(g, CGV_MEMORY, "memory.memsw.limit_in_bytes"))
		return refuse(-EBUSY,
			      "CT %u uses %" PRIu64 " MiB of memory and swap, which is more than "
			      "%" PRIu64 " MiB; stop something in it first",
			      g->vmid, TO_MIB(both), sum >> 20);
	return 0;
}

/* A limit that v1 does not take yet for what is in use: what can be freed is, until it does. */
static int free_and_write(const struct group *g, const struct limit *row)
{
	uint64_t last = CGV_UNLIMITED;
	int r = -EBUSY;

	for (int i = 0; i < ROUNDS && r == -EBUSY; i++) {
		uint64_t now = group_number(g, CGV_MEMORY, "memory.usage_in_bytes");

		r = group_write(g, CGV_MEMORY, row->file, row->text);
		if (r == -EBUSY && i > 2 && now >= last)
			break;
		if (r == -EBUSY)
			(void)group_write(g, CGV_MEMORY, "memory.force_empty", "0");
		last = now;
	}
	return r;
}

/*
 * The limit of memory may at no time be above that of memory and swap, so that comes first where
 * it grows. Both as they were if the second cannot be.
 */
static int write_v1(const struct group *g, const struct config *c, const struct limits *l)
{
	const struct limit *rows[2] = { find(l, "memory.limit_in_bytes"),
					find(l, "memory.memsw.limit_in_bytes") };
	char was[2][48];
	int r = 0;

	if (rows[1] && wanted(l, rows[1]->file) > group_number(g, CGV_MEMORY, rows[1]->file)) {
		const struct limit *first = rows[0];

		rows[0] = rows[1];
		rows[1] = first;
	}
	for (int i = 0; i < 2 && r == 0; i++) {
		if (!rows[i] || limits_are_raw(c, CGV_V1, rows[i]->file)) {
			rows[i] = NULL;
			continue;
		}
		r = group_read(g, CGV_MEMORY, rows[i]->file, was[i], sizeof(was[i]));
		if (r == 0)
			r = free_and_write(g, rows[i]);
		if (r < 0 && i == 1 && rows[0])
			(void)group_write(g, CGV_MEMORY, rows[0]->file, was[0]);
	}
	return r;
}

static int limit_v1(const struct group *g, const struct config *c, const struct limits *l)
{
	uint64_t memory, both;
	int r = write_v1(g, c, l);

	if (r == -EBUSY && read_needs(g, &memory, &both) == 0)
		return refuse(r,
			      "CT %u still uses %" PRIu64
			      " MiB of memory that cannot be freed, and "
			      "cgroup v1 takes no limit below that; stop something in it first",
			      g->vmid, TO_MIB(memory));
	return r < 0 ? fail(r, "limit the memory of CT %u", g->vmid) : 0;
}

/* Pushed out before it is forbidden: then less is killed, or nothing. */
static void reclaim(const struct group *g, const struct config *c, const struct limits *l)
{
	const struct limit *high = find(l, "memory.high"), *swap = find(l, "memory.swap.max");
	uint64_t now, to = wanted(l, "memory.max");
	char text[48];

	if (swap && !limits_are_raw(c, CGV_V2, swap->file))
		(void)group_write(g, CGV_MEMORY, swap->file, swap->text);
	if (high && !limits_are_raw(c, CGV_V2, high->file))
		(void)group_write(g, CGV_MEMORY, high->file, high->text);
	now = group_number(g, CGV_MEMORY, "memory.current");
	if (now != CGV_UNLIMITED && now > to) {
		snprintf(text, sizeof(text), "%" PRIu64, now - to);
		/* Linux 5.19; -EAGAIN: not all of it. */
		(void)group_write(g, CGV_MEMORY, "memory.reclaim", text);
	}
}

static int limit_v2(const struct group *g, const struct config *c, const struct limits *l,
		    bool shrinks)
{
	if (shrinks) {
		info(
		    "CT %u uses more than that: it is swapped out as far as it can be, else killed",
		    g->vmid);
		reclaim(g, c, l);
	}
	return group_limit(g, c, l);
}

/* On v1 only who asks for more in the very moment, on v2 whoever does not fit any more. */
static uint64_t killed(const struct group *g)
{
	return group_count(g, CGV_MEMORY,
			   g->layout.owner[CGV_MEMORY] == CGV_V1 ? "memory.oom_control"
								 : "memory.events",
			   "oom_kill");
}

int shrink_or_grow(const struct group *g, const struct config *c, const struct limits *l,
		   bool force)
{
	uint64_t memory = 0, both, before = killed(g), after;
	int r = force ? read_needs(g, &memory, &both) : check(g, l);

	if (r < 0)
		return r;
	if (g->layout.owner[CGV_MEMORY] == CGV_V1)
		r = limit_v1(g, c, l);
	else
		r = limit_v2(g, c, l, force && wanted(l, "memory.max") < memory);
	after = killed(g);
	if (after > before)
		warn(0, "%" PRIu64 " of the processes in CT %u were killed for lack of memory",
		     after - before, g->vmid);
	return r;
}
