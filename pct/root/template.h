/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a new container's files come from. All of these say what is wrong.
 */
#pragma once

#include <stdint.h>

#include "pct/root/elf.h"

struct config;
struct image;
struct progress;

/* For whom a root file system is made. */
struct target {
	int root;	   /* its directory, empty */
	unsigned shift;	   /* added to every user and group id */
	bool unprivileged; /* ids lie in the container's range, no device nodes */
	const char *hostname;
	uint64_t room;	      /* bytes that may be written; 0: as many as etc/pct/pct.conf says */
	uint64_t max_entries; /* likewise */
	struct progress *progress; /* NULL: none */
	bool names; /* ACLs of users by name mean this host's: a backup, as Proxmox makes them */
};

/* A template that pct makes itself. */
struct template
{
	const char *name;   /* "builtin:busybox" */
	const char *help;   /* no full stop */
	const char *ostype; /* as the conf's keys have it */
	const char *cmode;
	int (*make)(const struct target *t);
};

extern const struct template templates[];
extern const size_t n_templates;

/* A template that can be used: a row, an image with its layers, or an open archive. */
struct source {
	const struct template *row;
	const char *name; /* the user's */
	int fd;		  /* of an archive; -EBADF */
	struct image *image;
	int *layers; /* open, as many as the image has; nobody can take them away any more */
	/* Of what it unpacks, in hex: two with the same one make the same files, but for owners.
	 * NULL: not known. An unpacked one may be kept under this name, and cloned. */
	const char *digest;
};

/* Find it before anything is made. -ENOENT: neither a row, an image nor a file. */
int source_open(const char *name, struct source *out);
void source_close(struct source *s);
#define SOURCE_NONE                                                                                \
	{                                                                                          \
		.fd = -EBADF                                                                       \
	}
#define auto_source CLEANUP(source_close) struct source

int source_make(const struct source *s, const struct target *t);

/*
 * After source_make(): what an image says how it runs goes into @c where that has nothing of it;
 * names of users are looked up in the new root.
 */
int source_configure(const struct source *s, const struct target *t, struct config *c);

/* What is inside a root file system. */
struct inside {
	char init[16];	  /* "/sbin/init", or where else one is; "": none */
	const char *arch; /* of that init; NULL: not known */
	const char *ostype;
};
int inside_look(int root, struct inside *out);

/* Is there a program at @path, as a process with that root sees it? */
bool inside_has_program(int root, const char *path);

/* A file's text, up to @max bytes, malloc'ed; NULL: there is none. */
char *inside_read(int root, const char *path, size_t max);

/* builtin:busybox */
int busybox_make(const struct target *t);
