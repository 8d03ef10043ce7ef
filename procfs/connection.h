/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mount as the keeper holds it: what must outlive every worker that serves it.
 */
#pragma once

#include "procfs/slots.h"

struct connection {
	const char *mount; /* where; NULL: there is none */
	int fuse;
	int memory; /* of the slots */
	struct slots *slots;
};

/* A new mount, with no request in hand. All errors are said. */
int connection_mount(struct connection *c) MUST_CHECK;
/* It is over: unmounted, and closed. */
void connection_close(struct connection *c);

/* Shared memory for workers, empty, in the place of the one there was. All errors are said. */
int new_memory(int *fd, const char *name) MUST_CHECK;

/* Are there requests to be had, or left by another worker, and this one has begun with none? */
bool connection_waits(const struct connection *c, pid_t worker);

/* Nobody can answer: rather an error than a reader who waits for ever. What is in hand: */
void connection_refuse_left(struct connection *c);
/* … and one request that waits; not of one that is new, whose first request is a worker's. */
bool connection_is_new(const struct connection *c);
void connection_refuse(struct connection *c);
