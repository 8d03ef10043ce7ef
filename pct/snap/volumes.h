/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The volumes that a section of a conf names as rootfs and mpN: what a snapshot, a clone, a backup
 * are of.
 */
#pragma once

#include "pct/conf/config.h"
#include "pct/storage/volume.h"

struct named_volume {
	char *key;  /* "mp0" */
	char *path; /* where it is in the container: "/", "/data" */
	struct volume v;
};

struct named_volumes {
	struct named_volume *all; /* rootfs first */
	size_t n;
};

#define NAMED_VOLUMES_NONE                                                                         \
	{                                                                                          \
		0                                                                                  \
	}
void named_volumes_free(struct named_volumes *n);
#define auto_named_volumes CLEANUP(named_volumes_free) struct named_volumes

/*
 * Says what is wrong. @left_out: what is no volume (a directory or device of the host) is said to
 * be left out of that: "snapshot"; NULL: nothing is said.
 */
int named_volumes(unsigned vmid, const struct section *s, const char *left_out,
		  struct named_volumes *out);

/* Refuse what a volume's storage cannot do; @what as in "snapshots". */
int named_volumes_can(unsigned vmid, const struct named_volumes *n, unsigned feature,
		      const char *what);

/* Refuse where one of them has no such snapshot (any more). */
int named_volumes_have(unsigned vmid, const struct named_volumes *n, const char *snapshot);

/* Is it rootfs or mpN? */
bool is_volume_key(const char *key);
