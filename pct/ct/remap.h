/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts on which users are others than on the disk: a user namespace holds which.
 */
#pragma once

#include "pct/ct/idmap.h"

/*
 * @ranges: "u:<in the container>:<on the disk>:<count>;g:...", or "passthrough": as on the disk.
 * @own: the container's user namespace; below 0: its ids are the host's, and then *@out may stay
 * so, too. Says errors.
 */
int remap_open(const char *name, const char *ranges, const struct idmap *ids, int own, int *out);

/* The map of one kind as the kernel reads it; malloc'ed. NULL: it has ids the container has not. */
char *remap_text(const char *ranges, const struct idmap *ids, char kind);

/*
 * A user namespace for mounts: from the ids inside to those of the host; @back: from those of the
 * host to those inside. Says errors.
 */
int remap_ids(const struct idmap *ids, bool back, int *out);
