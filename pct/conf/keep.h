/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of many snapshots or backups stay: "last=3,daily=7,weekly=4", as Proxmox' prune-backups
 * has it (also with "keep-" before each). Pure, but for the time zone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "pct/cli/option.h"

enum keep_period { KEEP_LAST, KEEP_HOURLY, KEEP_DAILY, KEEP_WEEKLY, KEEP_MONTHLY, KEEP_YEARLY };
#define KEEP_PERIODS 6

struct keep {
	unsigned of[KEEP_PERIODS];
};

/* Nothing asked for is to keep all. -EINVAL: it has no such form. */
int keep_parse(const char *text, struct keep *out);
/* For an option's row. */
const char *form_keep(const char *text);
bool keep_all(const struct keep *k);

/*
 * @when: newest first. @stays[i]: it is one of the last, or the newest of an hour, a day ... that
 * is among as many as are wanted; what one rule keeps does not count for the next.
 */
void keep_select(const struct keep *k, const time_t *when, size_t n, bool *stays);

/* Are both in the same one? Of KEEP_LAST: never, unless they are the same. */
bool keep_same(enum keep_period period, time_t a, time_t b);

/*
 * "hourly", "daily", "weekly", "monthly", or every so many minutes, hours or days: "15m", "6h",
 * "2d". NULL: @text is one.
 */
const char *form_schedule(const char *text);
/* Is it time, when it was last done @last (0: never)? */
bool schedule_due(const char *text, time_t last, time_t now);
