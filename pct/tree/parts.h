/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of tree_copy(). Nothing is said here: 0 or a negative errno.
 */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "pct/cli/progress.h"

/* ---- data.c ---- */

/* What this pair of file systems cannot is not tried again. */
struct data_ways {
	bool no_reflink, no_range;
};

/* All of @from, with its holes, into the empty @to. */
int data_copy_file(int from, int to, const struct stat *st, struct data_ways *ways,
		   struct progress *p);

/* ---- attrs.c ---- */

struct attrs_lost {
	char name[256]; /* an extended attribute that the new file system does not keep: "" none */
};

/* Owner, mode, extended attributes, times, flags; of an open file. */
int attrs_copy(int from, int to, const struct stat *st, struct attrs_lost *lost);
/* Likewise of what cannot be opened: @from and @to are O_PATH. No flags. */
int attrs_copy_special(int from, int to, const struct stat *st, struct attrs_lost *lost);

/* ---- links.c ---- */

/* Files with several names that were met: where the first of them is. */
struct links {
	struct link_seen *all;
	size_t n, room;
};

/* NULL: it is the first. */
const char *links_find(struct links *l, const struct stat *st);
/* -ENOMEM. */
int links_add(struct links *l, const struct stat *st, const char *path);
void links_free(struct links *l);
