/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words push and pull have in common.
 */
#pragma once

#include "pct/cli/args.h"
#include "pct/copy/copy.h"

#define COPY_OPTIONS 4
extern const struct option copy_option_rows[COPY_OPTIONS];

/* All but user and group, which one side or the other knows. */
void copy_options_take(const struct args *a, struct copy_options *out);

/* The last name in it; "" where that would be ".", ".." or "/". */
const char *copy_base(const char *path, char out[NAME_MAX + 1]);

/* Are words, and is the container there? Says what is wrong. */
int copy_check(const struct args *a);
