/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mounts of a mount namespace, as /proc/PID/mountinfo lists them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"

struct mount_row {
	uint64_t id, parent;
	uint64_t shared, master; /* peer groups: it is in, it hears from; 0: none */
	char type[32];		 /* as mountinfo calls it: "proc", "fuse.pctfs" */
};

struct mountinfo {
	struct mount_row *rows;
	size_t n;
};

static inline void mountinfo_free(struct mountinfo *m)
{
	free(m->rows);
	*m = (struct mountinfo){ 0 };
}
#define auto_mountinfo CLEANUP(mountinfo_free) struct mountinfo

/* What is open as @fd, from its start. */
int mountinfo_read(int fd, struct mountinfo *out) MUST_CHECK;

/* NULL: none has that number. */
const struct mount_row *mountinfo_find(const struct mountinfo *m, uint64_t id);

/* Is one of them where what is mounted in that peer group shows up? */
bool mountinfo_hears(const struct mountinfo *m, uint64_t group);
