/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container as the daemon knows it: its cgroup files, what is accumulated over its life, and
 * one sample of it, which every file of one tick is rendered from.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "procfs/files.h"
#include "procfs/holds.h"
#include "procfs/state.h"
#include "procfs/tree.h"

struct container {
	/* Fixed when it is made. */
	const struct cgv_host *host;
	uint32_t slot;	  /* which inodes are its own; never used twice */
	char *name;	  /* below ct/; NULL: known only by its callers */
	char *door, *id;  /* who registered it, and as what */
	uint64_t who;	  /* its callers: a pid namespace, or a cgroup path's hash */
	atomic_bool fast; /* its files are bound from the mount that is served by the page cache */
	pid_t init;	  /* 0: none of its own, it is judged by its cgroup */
	int pidfd;	  /* of init */
	struct timespec born;
	struct state *state;
	struct state_row row; /* what is kept of it there */

	atomic_int refs;
	struct holds holds; /* what it has open */
	atomic_uint said;   /* files whose failure was reported: a bit a row of files[] */
	atomic_bool gone;

	pthread_mutex_t place_lock;    /* of cgroups, beside the lock */
	struct cgv_container *cgroups; /* of where it is; without the lock: container_place() */

	pthread_mutex_t lock;	     /* of all below */
	struct cgv_container *first; /* of where it was before it moved; NULL: it has not */
	struct state_counts counts;
	struct cgv_tasks tasks;
	struct cgv_pulse pulse; /* when they were looked at */
	struct cgv_disks disks;
	struct cgv_vmstat *vmstat; /* made when first asked for */
	struct pressure *pressure; /* likewise */
	struct cgv_numa numa;
	struct sample sample;

	/* The registry's: its lists, one for each way to find it, and all. */
	struct container *next_slot, *next_who, *next_name, *next_door, *next_init;
	struct container *next, *prev;
};

/* What a container is made of; @place is taken over on success. */
struct container_spec {
	const char *name, *door, *id;
	pid_t init;
	bool fixed_cpus; /* its cpuset stays as it is for life */
	bool fast;	 /* as of its registration: repair wants to know */
	uint64_t who;
	struct cgv_place place;
};

int container_new(const struct cgv_host *h, struct container_spec *spec,
		  struct container **out) MUST_CHECK;
struct container *container_get(struct container *c);
void container_put(struct container *c);

/* Where it is, for those who have not its lock: a reference, as auto_place. */
struct cgv_container *container_place(struct container *c);

static inline void close_place(struct cgv_container **c)
{
	cgv_container_close(*c);
}
#define auto_place CLEANUP(close_place) struct cgv_container *

/* What it counts goes on from what @s has of it, and is kept there from now on. */
int container_keep(struct container *c, struct state *s) MUST_CHECK;
/* It was registered once more, in that way. */
void container_set_fast(struct container *c, bool fast);
/* It is gone, or replaced: nothing more is kept of it. */
void container_forget(struct container *c);

/* Has its init ended? Without one: is its cgroup gone? */
bool container_dead(const struct container *c);

/* A file's text of one moment, in the calling thread's buffer until its next call. */
struct moment {
	const char *text;
	size_t len;
	uint64_t tick;
};

/* Render a file of the table. @path is the file's own, also for one in a directory's row. */
int container_render(struct container *c, const struct file *f, const char *path,
		     struct moment *out) MUST_CHECK;

/* The CPUs and nodes it sees, by the same sample. */
int container_seen(struct container *c, struct seen *out) MUST_CHECK;

/* A copy of its sample with @needs in it. What points into the container is not in the copy. */
int container_sample(struct container *c, unsigned needs, struct sample *out) MUST_CHECK;

/* Look at its sample, with @needs in it, while nobody changes it; no file of it stays open for
 * that. */
int container_look(struct container *c, unsigned needs,
		   void (*see)(const struct sample *s, const struct state_counts *counts,
			       void *arg),
		   void *arg) MUST_CHECK;

/*
 * Count its tasks, looking at them until then, and take one step of the load average. @swap: the
 * host has some.
 */
void container_count_tasks(struct container *c, uint64_t until, bool swap);

/* Buffers of the calling thread, which grow with the host and go with the thread. */
struct scratch {
	struct cgv_text host, work, out;
};
struct scratch *scratch_get(void);
