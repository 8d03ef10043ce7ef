/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The conf of a container that is restored: that of its backup, with what was given.
 */
#pragma once

#include "pct/backup/extract.h"
#include "pct/cli/args.h"
#include "pct/conf/config.h"

/*
 * rootfs and mp<n> of @out that are to be made are "storage:GiB,...". Says what is left out of the
 * backup's, and what is wrong.
 */
int restore_conf(const struct args *a, const struct extract *x, struct config *out);

/* "local:1.5" of so many bytes; 0: a directory without a limit. malloc'ed. Pure. */
char *restore_volume(const char *storage, uint64_t bytes);

/* The conf in the archive, whatever of it may be trusted. Says what is wrong. */
int restore_archived(const struct extract *x, struct config *out);

/* Does an archive with that conf have what was at @path of its container? Pure. */
bool restore_holds(const struct config *archived, const char *path);
