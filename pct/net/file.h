/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small files of ours, whole. Not said.
 */
#pragma once

/* Up to 1 MiB, malloc'ed; NULL and errno. */
char *file_read(const char *path);

/* All of it or nothing, and on the disk when this returns. 0 or a negative errno. */
int file_replace(const char *path, const char *text);
