/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images unpacked once: a read-only volume, of which each new root is a clone. It has the ids of
 * the image itself (root is 0).
 */
#pragma once

#include "pct/storage/volume.h"

/*
 * The volume for @digest, made by @make in the empty directory open at @root if it is not there
 * yet; who asks meanwhile waits. -EOPNOTSUPP, not said: the storage has no such thing; then unpack
 * into each. What else @make answers has been said.
 */
int storage_base(const struct storage *s, const char *digest, int (*make)(int root, void *data),
		 void *data, struct volume *out);

/*
 * On all storages: those go that @keep does not want, told the 64 digits that their name begins
 * with, unless there are clones that need them. One that cannot go now goes another time.
 */
void storage_bases_prune(bool (*keep)(const char *digest, void *data), void *data);
