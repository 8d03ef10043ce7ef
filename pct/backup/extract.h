/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An archive that is read, whoever made it, from wherever it comes: a file, our stdin, a
 * repository. All of these say what is wrong.
 */
#pragma once

#include <sys/types.h>

#include "pct/cli/progress.h"

struct extract {
	const char *name; /* the user's */
	int fd;		  /* from its beginning on */
	char *conf;	  /* the text of the conf in it */
	size_t conf_n;
	pid_t feeder; /* of ours, where what was read cannot be read again; 0: none */
	pid_t source; /* a repository's program; 0: none */
};
#define EXTRACT_NONE                                                                               \
	{                                                                                          \
		.fd = -EBADF                                                                       \
	}

/* @word: "-", what dump_find() takes, or a name in @repository. The conf is read already. */
int extract_open(const char *word, const char *repository, struct extract *out);

/* What is left of it is read: was it all, or did who wrote it fail? */
int extract_end(struct extract *x);
void extract_close(struct extract *x);
#define auto_extract CLEANUP(extract_close) struct extract

struct extracted {
	char *hostname; /* malloc'ed */
	size_t entries;
};

/* Can all of it be read, and is it a container's backup? */
int extract_verify(const char *path, struct progress *p, struct extracted *out);
