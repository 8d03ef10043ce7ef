/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pct/disk/disk.h"

/*
 * Make a volume @bytes large, and the file system in it: while it is in use, too. Said again after
 * it was interrupted, it goes on where that was. A directory may have less than before, as long as
 * that is enough for what is in it. Says what is wrong.
 */
int disk_resize(unsigned vmid, const struct disk *d, uint64_t bytes);
