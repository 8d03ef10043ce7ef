/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts of files: made for a reader, and kept in shared memory for those who have them open.
 */
#pragma once

#include "procfs/open.h"

/* A regular file's node; NULL: it is none. */
const struct node *node_at(const struct fs *fs, struct at at);

/*
 * Made new for a reader, or with 0 for all, in the thread's buffer. @c NULL: the host's own file.
 */
int make_text(struct fs *fs, struct at at, struct container *c, pid_t reader,
	      struct moment *out) MUST_CHECK;

/* A part of a text that is kept, in the thread's buffer. */
int text_part(const struct fs *fs, struct text t, size_t size, size_t at,
	      struct moment *out) MUST_CHECK;

/* Replace a text that is kept: the old one is given back. */
void text_set(struct fs *fs, _Atomic uint64_t *to, struct text t);

/* On some machines the kernel's own text is another one for a 32-bit reader. */
bool wants_32bit(const struct fs *fs, struct at at, pid_t reader);
