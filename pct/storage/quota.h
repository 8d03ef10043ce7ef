/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories with a size: by the project quotas of ext4 and xfs. A directory has a project id of
 * its own (made up, and found again in its attributes), which all that is made in it inherits; the
 * kernel shows its limit as the size of the file system there, so `df` in a container is right
 * without anybody's help. Nothing here is said.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Are limits in force on the file system of that directory? */
bool quota_there(int dir);

/* Why not, and what to do about it; NULL: they are in force. */
const char *quota_lacks(int dir);

/*
 * Limit it to @bytes; 0: no limit. One that has no project gets one, with all that is in it (but
 * links and special files, which take no room). -EOPNOTSUPP: !quota_there().
 */
int quota_limit(int dir, uint64_t bytes);

/* -ENOENT: it has no limit. */
int quota_read(int dir, uint64_t *limit, uint64_t *used);

/* Its project's limit is taken away: before the directory is. */
void quota_forget(int dir);

/* The same by a path. */
bool quota_there_at(const char *path);
int quota_limit_at(const char *path, uint64_t bytes);
int quota_read_at(const char *path, uint64_t *limit, uint64_t *used);
void quota_forget_at(const char *path);
/* Never NULL. */
const char *quota_lacks_at(const char *path);
