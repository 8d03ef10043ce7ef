/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a conf has as rootfs and mp<n>: volumes of storages, and directories and devices of the
 * host.
 */
#pragma once

#include "pct/cli/property.h"
#include "pct/conf/config.h"
#include "pct/storage/volume.h"

struct disk {
	char key[OPTION_NAME]; /* "mp0" */
	struct properties is;  /* all its properties */
	char *path;	       /* where it is in the container: "/", "/data" */
	bool on_storage;       /* it is a volume */
	struct volume volume;  /* then; else .name is NULL */
};

void disk_done(struct disk *d);
#define DISK_NONE                                                                                  \
	{                                                                                          \
		0                                                                                  \
	}
#define auto_disk CLEANUP(disk_done) struct disk

/* NULL: it may be one's key; else what it should be. Not "mp256". */
const char *form_disk(const char *text);

/* Of the main section. -ENOENT: there is none. Says what is wrong. */
int disk_find(unsigned vmid, const struct config *c, const char *key, struct disk *out);

/* Likewise, also of unused<n>; it has to be a volume, and @vmid's own: for who changes it. */
int disk_find_own(unsigned vmid, const struct config *c, const char *key, struct disk *out);

struct disks {
	struct disk *all; /* rootfs first, then by number */
	size_t n;
};
void disks_free(struct disks *d);
#define DISKS_NONE                                                                                 \
	{                                                                                          \
		0                                                                                  \
	}
#define auto_disks CLEANUP(disks_free) struct disks

/* Those that cannot be read are said and left out: -errno of the last, and the others are there. */
int disks_read(unsigned vmid, const struct config *c, struct disks *out);

/* Its line in the conf as its properties are now. */
int disk_write(unsigned vmid, struct config *c, const struct disk *d);

/* What the conf has as its size. -ENOENT: nothing. */
int disk_size(const struct disk *d, uint64_t *bytes);

/* Its size in the conf: of @bytes. */
int disk_set_size(struct disk *d, uint64_t bytes);

/* "CT 100: mp0", malloc'ed: what begins a message. */
char *disk_name(unsigned vmid, const struct disk *d);

/*
 * How it is mounted on the host: @attributes beside its own (ro, ...). As on the disk, for who
 * works on it as a whole.
 */
int disk_mount(const struct disk *d, uint64_t attributes, int *fd);

/* A file descriptor for ioctls, of the root directory of what is mounted at @tree. */
int disk_open_root(int tree, int *fd);

/* 1: an image or block device that somebody has mounted; 0: nobody has. Says what is wrong. */
int disk_is_used(const char *image);

/* The first that no unused<n> has; false: all have. @key: OPTION_NAME bytes. */
bool disk_free_unused(const struct config *c, char *key);
