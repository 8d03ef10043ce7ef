/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Subvolumes of a btrfs, by their paths. A negative errno, nothing is said.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Is it on a btrfs? */
bool subvolume_fs_is(const char *path);
bool subvolume_is(const char *path);

int subvolume_create(const char *path);
/* With those in it, which a container may have made (systemd does): nothing may change meanwhile.
 * -EEXIST */
int subvolume_snapshot(const char *from, const char *to, bool read_only);
/* Likewise. Not there: 0. */
int subvolume_destroy(const char *path);
int subvolume_set_read_only(const char *path, bool on);

/* Does the file system at @path count what subvolumes take? */
bool subvolume_has_quota(const char *path);
/* 0: no limit. */
int subvolume_limit(const char *path, uint64_t bytes);
/* -ENOENT: nobody counts. *@bytes 0: no limit. */
int subvolume_usage(const char *path, uint64_t *bytes, uint64_t *used);
