/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Volumes of one container once more, for another: sharing their data with them where a storage
 * can (linked), or with data of their own (full).
 */
#pragma once

#include "pct/cli/progress.h"
#include "pct/snap/volumes.h"

struct cloning {
	unsigned vmid;		   /* whose they are to be */
	const char *snapshot;	   /* NULL: as they are now */
	const struct storage *to;  /* NULL: where each is */
	bool full;		   /* they are not to need the others */
	struct progress *progress; /* may be NULL */
};

/* Could it be a linked clone? */
bool clone_links(const struct volume *v, const struct cloning *how);
/* Would it be copied, file by file? So it must not change meanwhile. */
bool clone_copies(const struct volume *v, const struct cloning *how);

/* Says what is wrong. Killed meanwhile: something of @how->vmid's own may be left. */
int clone_volume(const struct named_volume *from, const struct cloning *how, struct volume *out);

/*
 * In the root file system of a clone, mounted at @root: no id that its source has, too. Best
 * effort: what cannot be done is said, and is no failure.
 */
void clone_forget_identity(int root, const char *name);
