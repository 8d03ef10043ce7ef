/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/base.h"
#include "cgview/span.h"

/*
 * Read the whole of a file into @buf and open a window on it. A file that fills @buf is -E2BIG:
 * cut-off text is never parsed. For files of one piece: a cgroup's, of one value or one table in
 * /proc and /sys. What goes on for more than a page is for cgv_read_text().
 */
int cgv_read(int dir, const char *name, char *buf, size_t size, struct span *text) MUST_CHECK;

/* The same from an fd that stays open, from its start. */
int cgv_read_fd(int fd, char *buf, size_t size, struct span *text) MUST_CHECK;
