/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our part of a file of a container's: between two marker lines; what is around it is theirs. The
 * markers are Proxmox', so that containers that come from there, or go there, stay managed; those
 * of our own first versions are known, too. Pure; malloc'ed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Where it goes in a file that has none yet. */
enum block_where { BLOCK_END, BLOCK_START, BLOCK_ALONE /* instead of all there is */ };

/* @old with @block in it, lines that end; "": without one. */
char *block_put(const char *old, const char *block, enum block_where where);

/* What is around it. */
char *block_around(const char *old);

bool block_is_there(const char *old);

/* Where it is, with its markers: offsets. False: there is none. */
bool block_find(const char *text, size_t *begin, size_t *end);

/* Is that line, which may be indented, one of the markers? 'b', 'e', or 0. */
char block_marker(const char *line);
