/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of a container's, whose maker is not trusted: names are resolved as its own processes
 * would, nothing but regular files of some size are read, and what is written replaces a file at
 * once, with its owner and mode. What is in the way is said in one line, and left.
 *
 * Paths have no slash at their start. `.pve-ignore.<file>` or `.pct-ignore.<file>` beside a file
 * keeps us away from it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "pct/guest/block.h"

#define WITHIN_MAX (256u << 10)

struct files {
	const char *who;
	int root;
	uid_t uid; /* who owns what is new */
	gid_t gid;
	bool over; /* the file system takes nothing: that was said, and is not tried again */
	size_t changed, failed;
};

/*
 * What is new belongs to the directory's owner, as whom this process makes files until
 * files_close(): so it does where ids are mapped by the mount, too. -EIO and the like: not said.
 */
int files_open(const char *who, int root, struct files *out);
void files_close(struct files *f);

/* As in the root, which it does not leave; not waited for if it is no file. Not said. */
int within_open(int root, const char *path, int flags);

/* Is there something, a link with no end not being enough? */
bool within_there(const struct files *f, const char *path);

/* A program, or the link to one that is in it. */
bool within_links_to(const struct files *f, const char *path, const char *part);

/* Of a file or of where its link leads, malloc'ed; NULL: there is none, or none we read, said. */
char *within_read(struct files *f, const char *path);

/* Replace it, if it is another. @mode is of a new one; directories are made. */
void within_put(struct files *f, const char *path, const char *text, mode_t mode);

/* Likewise, only our block in it; with @block "" a file that is not there stays so. */
void within_block(struct files *f, const char *path, const char *block, enum block_where where,
		  mode_t mode);

/*
 * Likewise what @edit makes of it, NULL: nothing. @mode 0: only of one that is there and not empty.
 */
void within_edit(struct files *f, const char *path, char *(*edit)(const char *old, const void *arg),
		 const void *arg, unsigned mode);

/* A link in place of what file or link there is; a directory stays. */
void within_link(struct files *f, const char *path, const char *to);

/* A file or link; what is not there is no failure. */
void within_remove(struct files *f, const char *path);

/* A link rather than a file: where to. */
bool within_is_link(const struct files *f, const char *path, char *to, size_t size);

/* Make a directory of that mode, if there is none; @uid is the host's id. */
void within_directory(struct files *f, const char *path, mode_t mode, uid_t uid, gid_t gid);

/* Names in a directory, each with @arg; "." and ".." not. */
void within_each(struct files *f, const char *path,
		 void (*each)(struct files *f, const char *name, void *arg), void *arg);
