/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Snapshots without a name of their own: "auto-20261122-193000". They are removed by `keep` rules,
 * others never.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "pct/conf/config.h"
#include "pct/conf/keep.h"

#define AUTO_NAME 32

/* One that it has not got yet: of this second, or one to come. */
void auto_name(const struct config *c, time_t now, char out[AUTO_NAME]);
bool auto_is(const char *name);

/* When the newest of them was taken; 0: there is none. */
time_t auto_last(const struct config *c);

/* The names of those that are not to stay, oldest first: NULL after the last, malloc'ed with its
 * words. -ENOMEM. */
int auto_surplus(const struct config *c, const struct keep *k, char ***names);

/* Remove them. The lock is held; says what is wrong. */
int auto_prune(unsigned vmid, struct config *c, const struct keep *k);

/* The rules and the schedule of a conf's `autosnap`. -ENOENT: it has none. */
int auto_read(const struct config *c, struct keep *k, char **schedule);
