/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files and trees into a container and out of it. A process of ours enters its mount namespace,
 * and with it its user namespace: whatever names and links are there, it is there that they lead,
 * and nothing is done with more rights than the container's own root has. It also moves the data,
 * so that a container's file system that never answers can be left by killing it.
 *
 * One side walks what is there (walk.c) and the other puts it (put.c); they talk by messages.
 */
#pragma once

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/base.h"

#define COPY_DEPTH 256 /* directories within directories */

enum copy_kind {
	COPY_FILE = 1,
	COPY_DIR, /* all up to its COPY_UP is in it */
	COPY_UP,
	COPY_LINK,
	COPY_FILLED, /* the file's data is there, unless error */
	COPY_END,
};

struct copy_entry {
	uint32_t kind;
	int32_t error;
	mode_t mode;
	uint64_t size;
	struct timespec mtime;
	char name[NAME_MAX + 1]; /* one component; "" of the first: what the user named */
	char target[PATH_MAX];	 /* of a link */
};

/* What a user wants of the copy. */
struct copy_options {
	bool recursive;
	bool has_user, has_group, has_perms;
	uid_t user;
	gid_t group;
	mode_t perms;
	mode_t mask; /* of a source's mode, what is kept */
};

/* --- messages.c: with one file, or -1; all answer 0 or a negative errno, not said --- */
int copy_send(int sock, const struct copy_entry *e, int fd);
/* -EPIPE: there is nobody any more. */
int copy_recv(int sock, struct copy_entry *e, int *fd);
int copy_answer(int sock, int error, int fd);

/* --- data.c --- */
/*
 * Into a new file holes stay holes. No more than @size is copied unless that is 0, and what a file
 * has less is not made up. Ends with -EINTR when interrupted.
 */
int copy_data(int from, int to, uint64_t size);
/* To where others write too, in turn. */
int copy_stream(int from, int to, uint64_t size);

/* --- walk.c --- */
struct walk {
	int fds;    /* of /proc/self/fd, from before we entered anything */
	int failed; /* the last error of what was left out, already said */
	bool recursive;
	/* An entry, with its file open for reading; what it answers ends the walk if negative. */
	int (*give)(void *to, const struct copy_entry *e, int fd);
	void *to;
};
/* All of what @path names. Says what is wrong, and what it leaves out. */
int walk_all(struct walk *w, const char *path);

/* --- put.c --- */
struct put {
	const struct copy_options *options;
	int dir[COPY_DEPTH + 1];
	bool made[COPY_DEPTH + 1]; /* a directory that was not there before */
	unsigned depth;
	char leaf[NAME_MAX + 1]; /* the first one's name */
	bool first;
	/* Of the file that is being written. */
	char temp[32];
	int file;
	struct stat was; /* st_nlink 0: it is new */
};
/* @path: where to; into it under @name if that is a directory. Says what is wrong, as they all do.
 */
int put_begin(struct put *p, const struct copy_options *o, const char *path, const char *name);
/* Of a file @fd is to be filled by the caller, then put_filled(). Else -EBADF. */
int put_entry(struct put *p, const struct copy_entry *e, int *fd);
int put_filled(struct put *p, const struct copy_entry *e, int error);
void put_end(struct put *p);

/* --- visit.c --- */
struct visit {
	unsigned vmid;
	int sock;
	int init; /* a pidfd: it ends with its container */
	pid_t pid;
};
/* @run is called in the container's mount and user namespace, in "/"; what it answers is the
 * visitor's exit code. */
int visit_begin(unsigned vmid, int (*run)(int sock, int fds, void *with), void *with,
		struct visit *out);
/* As copy_recv(), also ended by a signal or the container's end. Says what is wrong. */
int visit_recv(struct visit *v, struct copy_entry *e, int *fd);
/* The exit code; < 0: it had to be killed. */
int visit_end(struct visit *v, bool kill_it);
