/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which backups of a container are kept. Pure.
 *
 * Rules are applied one after the other, from hourly to yearly, each to what those before it did
 * not keep: of every period it keeps the newest one, and of so many periods that have one at all.
 */
#pragma once

#include <stddef.h>
#include <time.h>

#include "pct/cli/option.h"

/* keep-all, keep-last, keep-hourly ...: what --prune-backups takes. */
extern const struct option prune_properties[];

enum keep { KEEP_LAST, KEEP_HOURLY, KEEP_DAILY, KEEP_WEEKLY, KEEP_MONTHLY, KEEP_YEARLY, KEEPS };

struct retention {
	bool all; /* nothing is ever removed */
	unsigned keep[KEEPS];
};

/* "keep-last=3,keep-daily=7", as an option keeps it. -EINVAL: @why says what is wrong with it. */
int retention_parse(const char *text, struct retention *out, char why[OPTION_WHY]);

struct kept {
	time_t when;
	bool protected; /* stays in any case, and counts for no rule */
	bool keep;	/* out */
};

/* @all: in any order, and left in it. -ENOMEM */
int retention_apply(const struct retention *r, struct kept *all, size_t n);
