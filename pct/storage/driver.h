/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a kind of storage can do: a file for each, ending in its row; drivers[] in storage.c lists
 * them. A driver knows nothing of containers, confs, mounts or file systems in images: volume.h
 * has that. (It says what goes wrong itself; the storage's id and the volume's name are in it.)
 *
 * A volume's @name is what follows the storage's id in a conf: "100/vm-100-disk-0.raw" where there
 * are directories, "vm-100-disk-0" where there are none (names.h). It was checked: it leads
 * nowhere else. A volume is a directory, an image (a file), or a block device.
 *
 * What changes something calls step() (pct/step.h) just before.
 */
#pragma once

#include <sys/types.h>

#include "pct/cli/option.h"
#include "pct/storage/storage.h"

struct volume_how; /* volume.h */
#define VOLUME_BY_PATH 1

enum driver_features {
	STORAGE_DIRECTORIES = 1, /* volumes that are directories */
	STORAGE_IMAGES = 2,	 /* raw images, or block devices: they have a size, and mkfs */
	STORAGE_SNAPSHOTS = 4,
	STORAGE_CLONES = 8,   /* a volume that shares its data with another: linked clones */
	STORAGE_RESIZES = 16, /* also while it is in use */
	STORAGE_QUOTA = 32,   /* directories can have a size, here and now */
	STORAGE_COPIES = 64,  /* what it clones does not need the other any more: a full one */
};

enum volume_format { VOLUME_DIRECTORY, VOLUME_IMAGE };

/* A volume that is to be made. */
struct volume_spec {
	unsigned vmid; /* whose it is */
	enum volume_format format;
	uint64_t bytes; /* 0: a directory without a limit */
	/* Of a directory, or of the root directory in an image (volume_alloc() sees to that). */
	uid_t uid;
	gid_t gid;
	const char
	    *fs; /* of an image: "ext4", "xfs"; NULL: as the storage has it. Not the driver's */
};

/* A volume that is there. */
struct volume_info {
	const char *name;
	unsigned owner;
	enum volume_format format;
	bool base;	/* of a template: base-<vmid>-disk-<n> */
	uint64_t bytes; /* its size; 0: without a limit, or not known */
	uint64_t used;	/* what it takes; 0: not known without reading all of it */
};

/* Of a whole storage. */
struct storage_usage {
	uint64_t total, used, available;
};

struct driver {
	const char *type; /* "dir" */
	const char *help; /* one line, no full stop */
	/* What `storage add` takes beside those all have; the last has no name. */
	const struct option *options;

	/* Of the storage as it is there (@name NULL), or of one of its volumes. */
	unsigned (*features)(const struct storage *s, const char *name);

	/* Is it usable now: its path there, its programs installed? Says what is to be done. */
	int (*check)(const struct storage *s);

	/*
	 * An empty directory, owned as in @spec, or an image of zeros. *@name, malloc'ed: with the
	 * lowest number that is free. A name that was given out before this was killed is taken.
	 */
	int (*alloc)(const struct storage *s, const struct volume_spec *spec, char **name);

	/* All of it, with its snapshots. Not there: 0. -EBUSY: others are clones of it. */
	int (*free)(const struct storage *s, const char *name);

	/*
	 * NULL of those whose volumes can go at any time. Can it be removed? -EBUSY, said: others
	 * are clones of it.
	 */
	int (*may_free)(const struct storage *s, const char *name);

	/* NULL likewise. Are others clones of it, or is that not known? Nothing is said. */
	bool (*needed)(const struct storage *s, const char *name);

	/*
	 * Of its directory, image file or block device, malloc'ed; what has to be there for it
	 * (an active LV) is there afterwards. @snapshot NULL: as it is now. -ENOENT is said, too.
	 */
	int (*path)(const struct storage *s, const char *name, const char *snapshot, char **path);

	/*
	 * NULL of most. For volumes that are more than what lies at one path (an overlay): a
	 * detached mount of it, with the ids of @how->users unless it is shifted on the disk; only
	 * where @how has MOUNT_ATTR_RDONLY may it be mounted more than once. VOLUME_BY_PATH: this
	 * one is as others.
	 */
	int (*tree)(const struct storage *s, const char *name, const char *snapshot,
		    const struct volume_how *how, int *fd);

	/* To @bytes: images grow, before the file system in them; a directory's limit is changed.
	 */
	int (*resize)(const struct storage *s, const char *name, uint64_t bytes);

	/* NULL where it is without the feature. @snapshot: letters, digits, _ and -. */
	int (*snapshot)(const struct storage *s, const char *name, const char *snapshot);
	int (*snapshot_remove)(const struct storage *s, const char *name, const char *snapshot);
	int (*rollback)(const struct storage *s, const char *name, const char *snapshot);
	/* Is it there? -ENOENT, not said. */
	int (*has_snapshot)(const struct storage *s, const char *name, const char *snapshot);

	/* One of @vmid's own with the same in it, sharing its data. @snapshot NULL: as it is now.
	 */
	int (*clone)(const struct storage *s, const char *name, const char *snapshot, unsigned vmid,
		     char **out);

	/* It is @vmid's from now on; @base: read-only, for clones (template), or no more. */
	int (*rename)(const struct storage *s, const char *name, unsigned vmid, bool base,
		      char **out);

	/* -ENOENT, not said: not there. @out->name is @name. */
	int (*look)(const struct storage *s, const char *name, struct volume_info *out);

	/* Each volume of @vmid, or of all (0), until @each gives something else than 0: that. */
	int (*list)(const struct storage *s, unsigned vmid,
		    int (*each)(const struct volume_info *v, void *data), void *data);

	/* Nothing is said of what cannot be had. */
	int (*usage)(const struct storage *s, struct storage_usage *out);

	/*
	 * For base.h; NULL: none. An empty directory volume for @digest that is not there as a
	 * base yet (one left half made is removed), and once its files are in it: read-only, and
	 * there. base_find(): -ENOENT, not said.
	 */
	int (*base_begin)(const struct storage *s, const char *digest, char **name);
	int (*base_end)(const struct storage *s, const char *digest, char **name);
	int (*base_find)(const struct storage *s, const char *digest, char **name);
};

/* Their rows. */
extern const struct driver driver_dir, driver_btrfs, driver_overlay, driver_lvmthin, driver_zfspool;
