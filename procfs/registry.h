/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All containers that are known: the registered ones, and those met by their callers.
 * Every container handed out is a reference, to be given back with container_put().
 */
#pragma once

#include "procfs/container.h"

struct registry;

/* @state: what is kept of them over a restart, or NULL. */
int registry_new(const struct cgv_host *h, struct state *state, struct registry **out) MUST_CHECK;
void registry_free(struct registry *r);

/* No more than so many have an init that is watched: each takes a file. -EMFILE beyond. */
void registry_limit(struct registry *r, unsigned most);

/*
 * Make a container and add it. One registered by the same door and id before is replaced; a
 * name that another door uses gets "~2" and so on. -EEXIST: no such name is left.
 */
int registry_add(struct registry *r, struct container_spec *spec,
		 struct container **out) MUST_CHECK;

/* The same for a container with an init, whose place and callers are found out here. */
int registry_register(struct registry *r, struct container_spec *spec,
		      struct container **out) MUST_CHECK;

/* Register again what an earlier daemon had registered and what still runs. */
void registry_restore(struct registry *r);

/* Drop it: its inodes are stale from now on. */
void registry_remove(struct registry *r, struct container *c);

struct container *registry_by_slot(struct registry *r, uint32_t slot);
struct container *registry_by_name(struct registry *r, const char *name);
struct container *registry_by_door(struct registry *r, const char *door, const char *id);
struct container *registry_by_init(struct registry *r, pid_t init);

/* One whose callers are @who; a dead one is dropped and not found. */
struct container *registry_by_who(struct registry *r, uint64_t who);

/* All of them, as an array to be given to registry_put_all(). */
int registry_all(struct registry *r, struct container ***out, unsigned *n) MUST_CHECK;
void registry_put_all(struct container **all, unsigned n);

/* Drop every container that is dead. */
void registry_sweep(struct registry *r);
