/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts of containers' files that are served from the page cache, one an inode, to all who open
 * it in the same tick.
 */
#pragma once

#include "procfs/text.h"

int shared_start(struct fs *fs) MUST_CHECK;
void shared_stop(struct fs *fs);
/* What is open, and was opened by workers before this one, is so from here on. */
void shared_restore(struct fs *fs);
/* Let go of texts that nobody shows, and of what is known of containers that are gone. */
void shared_sweep(struct fs *fs);

/* Can this file be shared at all, with this reader too? */
bool is_shared(const struct fs *fs, struct at at, pid_t reader);

/* What an opener is shown. */
enum share {
	SHARE_NOTHING, /* he must have a text of his own */
	SHARE_STORED,  /* the text that is in the page cache */
	SHARE_ASKED,   /* that text, which the kernel must ask for: nothing in its pages is of it */
};

/* Somebody opens it: the text is of this tick then, and stays until he closes it. */
enum share shared_open(struct fs *fs, fuse_ino_t ino, struct container *c) MUST_CHECK;
void shared_close(struct fs *fs, fuse_ino_t ino);

/* Somebody opens and closes it who has a text of his own. */
int stranger_open(struct fs *fs, fuse_ino_t ino) MUST_CHECK;
void stranger_close(struct fs *fs, fuse_ino_t ino);

/* A part of the text, into the thread's buffer. */
int shared_part(struct fs *fs, fuse_ino_t ino, size_t size, size_t at,
		struct moment *out) MUST_CHECK;

/*
 * As a mount that is served by the page cache has it: what is there until it is fs->ttl old, then
 * a new one. Nobody is asked who reads. *left: seconds the kernel need not ask again.
 */
int fast_attr(struct fs *fs, fuse_ino_t ino, struct container *c, struct stat *st,
	      double *left) MUST_CHECK;
int fast_part(struct fs *fs, fuse_ino_t ino, struct container *c, size_t size, size_t at,
	      struct moment *out) MUST_CHECK;

/* Size and time of the text that is there, into @st; without one, @st stays. */
void shared_known(struct fs *fs, fuse_ino_t ino, struct stat *st);

/*
 * The same, of a text that is made if none was yet. @reader: it asks because it reads; who reads
 * from the start of an old text, and disturbs nobody, gets a new one.
 */
void shared_attr(struct fs *fs, fuse_ino_t ino, struct container *c, pid_t reader, struct stat *st);
