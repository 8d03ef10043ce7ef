/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What archives of backups are called: vzdump-lxc-100-2026_01_31-23_59_59.tar.zst. Pure.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

struct backup_name {
	unsigned vmid;
	time_t when;	    /* the name has it in local time */
	const char *suffix; /* in the name: ".tar", ".tar.zst", ".tar.gz", ".tar.lzo" ... */
	size_t stem; /* how much of it is before the suffix; what .log and .notes are called */
};

/* The last component of a path. -EINVAL: it is no backup of a container. */
int backup_name_parse(const char *name, struct backup_name *out);

/* Without a suffix; malloc'ed. */
char *backup_name_make(unsigned vmid, time_t when);
