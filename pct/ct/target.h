/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A place in a container, for a process that has entered its namespaces as its root.
 */
#pragma once

#include <stdbool.h>

#include "base/base.h"

struct spot {
	int dir;	  /* where it is */
	int fd;		  /* what is there, or what is on top of it */
	const char *name; /* in @dir: of the path that was asked for */
	bool made;	  /* there was nothing, and the file or directory is ours */
};

#define SPOT_NONE                                                                                  \
	{                                                                                          \
		.dir = -EBADF, .fd = -EBADF                                                        \
	}

void spot_close(struct spot *s);
#define auto_spot CLEANUP(spot_close) struct spot

/*
 * No link is followed. @make: what lacks is made, an empty directory or file as the last.
 * -ELOOP: there is a link; -ENOENT; -ENOTDIR, -EISDIR: there is something else.
 */
int spot_find(int root, const char *path, bool directory, bool make, struct spot *out) MUST_CHECK;

/* A text file: up to @size bytes of it. Its links are the container's, and lead nowhere else. */
int spot_read(int root, const char *path, char *text, size_t size) MUST_CHECK;
