/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In which order containers start and stop when all do: by key startup, then by VMID. Pure.
 */
#pragma once

#include <stdint.h>

#include "pct/conf/config.h"

#define ORDER_LAST UINT32_MAX /* not given */

struct turn {
	unsigned vmid;
	uint32_t order;
	unsigned up;   /* seconds that those after it wait once it is started */
	unsigned down; /* how long it may take to shut down */
};

/* @down_s: of one that does not say. */
void order_read(unsigned vmid, const struct config *c, unsigned down_s, struct turn *out);

/* As they start; with @reverse as they stop. */
void order_sort(struct turn *turns, size_t n, bool reverse);

/*
 * How many of the first go at the same time: those of one order; at a start only up to one that
 * others are to wait for.
 */
size_t order_together(const struct turn *turns, size_t n, bool reverse);
