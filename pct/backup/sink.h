/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a backup goes: an archive in a directory, a repository of restic or borg, our stdout. All
 * of these say what is wrong.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/base.h"

struct sink {
	int fd;	      /* what is written there is the archive */
	char *name;   /* of the archive: the file's, or the repository's */
	char *temp;   /* its path while it is written; NULL: no file */
	char *target; /* and then */
	int writer;   /* a pidfd: what takes it into a repository */
	pid_t pid;
};
#define SINK_NONE                                                                                  \
	{                                                                                          \
		.fd = -EBADF, .writer = -EBADF                                                     \
	}

/* Is there an archive of that moment? */
bool sink_is_taken(const char *dir, unsigned vmid, time_t when);

/* @compress: NULL, "gzip", "zstd". */
int sink_file(const char *dir, unsigned vmid, time_t when, const char *compress, struct sink *out);
/* @repository: "restic:PATH", "borg:PATH". */
int sink_repository(const char *repository, unsigned vmid, time_t when, struct sink *out);
int sink_stdout(struct sink *out);

/* It is whole, and on the disk. */
int sink_commit(struct sink *s);
/* What was not committed leaves nothing. */
void sink_close(struct sink *s);
#define auto_sink CLEANUP(sink_close) struct sink
