/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The backup of one container. While it is made its conf has `lock: backup`.
 *
 *   stop      it is shut down, packed, and started again
 *   suspend   it stands still while it is packed
 *   snapshot  it stands still while snapshots of its volumes are taken; those are packed
 *
 * One that does not run is just packed. Where a storage has no snapshots, suspend is meant.
 */
#pragma once

#include "pct/backup/exclude.h"
#include "pct/cli/progress.h"
#include "pct/conf/keep.h"

enum backup_mode { BACKUP_STOP, BACKUP_SUSPEND, BACKUP_SNAPSHOT_MODE };

struct backup {
	enum backup_mode mode;
	const char *compress; /* NULL, "gzip", "zstd" */
	unsigned threads;     /* of zstd; 0: one a CPU */
	struct excludes excludes;
	uint64_t limit;	    /* bytes read, a second; 0: none */
	int stop_s;	    /* how long a shutdown may take */
	const char *notes;  /* a template; NULL: none */
	const char *script; /* called at its stages; NULL: none */
	bool protect;
	struct progress *progress;

	/* Where to: one of the three. */
	const char *dir, *repository;
	bool to_stdout;
};

struct backup_result {
	char *name; /* of the archive, malloc'ed: its path; or as the repository has it */
	uint64_t bytes;
	double seconds;
};

/* One at a time: guard_turn(). Says what it does, and what is wrong. */
int backup_make(unsigned vmid, const struct backup *b, struct backup_result *out);

/* With the phase's name: "job-init" ... */
int backup_script(const struct backup *b, const char *phase, unsigned vmid, const char *mode,
		  const char *target);
