/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "pct/ct/idmap.h"

/*
 * When newuidmap is installed liblxc maps ids with it, and it asks /etc/subuid and /etc/subgid
 * even for root. Reserve what a container has there if it is not. Says so.
 */
int subids_reserve(const struct idmap *m);

/* Do the lines of a subuid file give root @first and all the @count that follow? */
bool subids_cover(const char *text, unsigned first, unsigned count);
