/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/*
 * Remove a directory and all below it. Symlinks are removed, not followed, and no mount is
 * entered: if something is mounted below, nothing is removed. Any depth, with few open files.
 * A directory that is not there is no failure. Says what is wrong.
 */
int tree_remove(const char *path);

/* The first mount point at or below @path, malloc'ed; NULL: there is none. */
char *tree_mount_below(const char *path);

/* One name in a directory, whatever it is, likewise; @where that is, for messages. */
int tree_remove_at(int dir, const char *name, const char *where);

/* All names in a directory, malloc'ed each and together. Not said. */
int tree_names(int dir, char ***names, size_t *n);
