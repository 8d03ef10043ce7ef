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

/* It is not kept any more. Not there: 0. -EBUSY: there are clones that need it. */
int storage_base_remove(const struct storage *s, const char *digest);
