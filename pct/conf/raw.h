/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The raw lxc.* lines of a conf: which of liblxc's keys a user may set. Those that say where a
 * container's things are, or whose namespaces it shares, are pct's own. Pure.
 */
#pragma once

#include <stddef.h>

#define RAW_WHY 200

/* What liblxc calls it today, if it had another name; else @key. */
const char *raw_name(const char *key);

/* NULL: it may be set. Else why not, and what to do, in @why. */
const char *raw_refused(const char *key, const char *value, char why[RAW_WHY]);
