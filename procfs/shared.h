/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts of containers' files that are served from the page cache, one an inode, to all who open
 * it in the same tick.
 */
#pragma once

#include "procfs/open.h"

int shared_start(struct fs *fs) MUST_CHECK;
void shared_stop(struct fs *fs);
/* What is open, and was opened by workers before this one, is so from here on. */
void shared_restore(struct fs *fs);
/* Let go of texts that nobody shows, and of what is known of containers that are gone. */
void shared_sweep(struct fs *fs);

/* Can this file be shared at all, with this reader too? */
bool is_shared(const struct fs *fs, struct at at, pid_t reader);

/*
 * Somebody opens it: the text of this tick is in the page cache then, and stays there until he
 * closes it. False: he must have a text of his own.
 */
bool shared_open(struct fs *fs, fuse_ino_t ino, struct container *c) MUST_CHECK;
void shared_close(struct fs *fs, fuse_ino_t ino);

/* A part of the text, into the thread's buffer. */
int shared_part(struct fs *fs, fuse_ino_t ino, size_t size, size_t at,
		struct moment *out) MUST_CHECK;

/* Size and time of the text that is there, into @st; without one, @st stays. */
void shared_known(struct fs *fs, fuse_ino_t ino, struct stat *st);

/*
 * The same, of a text that is made if none was yet. @reader: it asks because it reads; who reads
 * from the start of an old text, and disturbs nobody, gets a new one.
 */
void shared_attr(struct fs *fs, fuse_ino_t ino, struct container *c, pid_t reader, struct stat *st);

/* ---- texts, shared or not ---- */

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
