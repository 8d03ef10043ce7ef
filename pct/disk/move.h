/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pct/cli/progress.h"
#include "pct/disk/disk.h"

/*
 * A copy of what @d is on, on @to, which is its volume from now on. At any moment the conf names
 * all there is: the new one is an unused one until it is whole, then the old one is, unless
 * @remove. The conf is saved here, and the lock held. Says what is wrong; then all is as before.
 */
int disk_move(unsigned vmid, struct config *c, struct disk *d, const struct storage *to,
	      bool remove, struct progress *p);

/* Is it named by a snapshot? */
bool disk_in_snapshot(const struct config *c, const struct disk *d);
