/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may stand where a user presses TAB: from the tables, and from the containers there are.
 */
#pragma once

#include <stdio.h>

#define COMPLETE_FILES 3 /* the name of a file may stand there, too */

/*
 * @words after "pct", the last one not yet whole, maybe empty: a candidate a line, each with the
 * part of it that is there. Says nothing, whatever is wrong. 0 or COMPLETE_FILES.
 */
int complete(int n, char *const *words, FILE *to);
