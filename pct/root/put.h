/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is in an archive, made below a directory, which it cannot leave: every name is found from
 * an open directory, as openat2() finds it beneath that. Nothing is said.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct archive_entry;

struct put {
	int root;
	unsigned owner; /* of directories that have no entry of their own */
	bool layered;	/* links lead on within the root; anything replaces anything */
	int parent;	/* of the last entry, kept open */
	char *parent_name;
	char *names; /* of directories, each with its time: set when nothing comes any more */
	size_t n_names, room;
	bool inherits; /* a directory has an ACL for what is made in it */
	bool untimed;  /* there were too many of them */
};

#define PUT_NONE                                                                                   \
	{                                                                                          \
		.root = -EBADF, .parent = -EBADF                                                   \
	}

/* The directory that @name is to be in, made if it is not there, and its name there. */
int put_parent(struct put *p, const char *name, int *dir, const char **base);

/*
 * Make it, in place of what is there. A regular file is handed out to be written. -ELOOP: a link
 * leads there; -EISDIR: a directory would have to go; -ENOTDIR: something is no directory.
 */
int put_node(struct put *p, struct archive_entry *e, const char *name, int *file);

/* Another name of what is there as @to. */
int put_hardlink(struct put *p, const char *name, const char *to);

/*
 * Owner, mode, ACLs, attributes and time, of one just made. Positive: so many attributes could not
 * be set, the first as @why says.
 */
int put_finish(struct put *p, struct archive_entry *e, const char *name, int file, char *why,
	       size_t size);

/* Of layers: what they say is not there any more. @keep: may it go? */
int put_remove(struct put *p, const char *name);
int put_remove_below(struct put *p, const char *name, bool (*keep)(void *arg, const char *name),
		     void *arg);

/* For put_finish(): a directory's time is set when nothing comes any more. */
void put_time_later(struct put *p, const char *name, const struct timespec *when);

/* Nothing comes any more. */
void put_close(struct put *p);
