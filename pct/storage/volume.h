/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Volumes, whatever storage they are on.
 *
 * In a conf: "local:100/vm-100-disk-0.raw" and then properties. A value that begins with '/' is a
 * path of the host, not a volume; "local:8" (a number) is a volume that is to be made.
 *
 * A mounted volume is a file descriptor: a detached mount, which is nowhere to be seen and goes
 * with the last descriptor, as its loop device does: nothing is left of a process that is killed.
 * Work on its files goes through it (openat2 with RESOLVE_IN_ROOT), or it is attached by
 * move_mount() in a mount namespace of one's own.
 *
 * A volume of an unprivileged container has the container's own ids on the disk (root is 0), and
 * is mounted with the container's user namespace, which shifts them; one made before, or by
 * Proxmox, is shifted on the disk. Its root directory's owner tells: from 65536 on it is shifted.
 * So who writes into one for a container (unpacks, clones) asks volume_shift() and adds that.
 */
#pragma once

#include "pct/storage/driver.h"

struct volume {
	const struct storage *storage;
	char *name;	/* "100/vm-100-disk-0.raw" */
	unsigned owner; /* the VMID in it */
};

#define VOLUME_NONE                                                                                \
	{                                                                                          \
		0                                                                                  \
	}
void volume_done(struct volume *v);
#define auto_volume CLEANUP(volume_done) struct volume

/* Is a conf's value a volume, not a path? Pure. */
bool volume_is_one(const char *value);

/* Is it "storage:GiB", one to be made? Then *@storage (malloc'ed) and the size; 0: a directory. */
bool volume_is_new(const char *value, char **storage, uint64_t *bytes);

/* Likewise, or "8" alone: a size, of a storage that is not said? */
bool volume_is_request(const char *value);

/*
 * What a conf's value names (up to its first ','). -EINVAL: not a volume; nothing is said of that;
 * others as of storage_get(). volume_find() says what is wrong: "CT 100: mp0: ...".
 * volume_peek(): nothing is said, nor is it looked whether the storage is usable now. -ENOENT,
 * -EOPNOTSUPP: there is no such storage, or no driver for it.
 */
int volume_read(const char *value, struct volume *out);
int volume_peek(const char *value, struct volume *out);
int volume_find(unsigned vmid, const char *key, const char *value, struct volume *out);

/* "local:100/vm-100-disk-0.raw": malloc'ed. */
char *volume_id(const struct volume *v);

/*
 * Make one, with a file system in it. @spec->format need not be set: a directory where that can
 * have the size (0: no limit), else an image. Killed meanwhile, it is in images/<vmid>, or its
 * like: list() finds it.
 */
int volume_alloc(const struct storage *s, struct volume_spec *spec, struct volume *out);

/* All of it, for good. */
int volume_free(const struct volume *v);

/* As of the drivers'. */
int volume_where(const struct volume *v, const char *snapshot, char **path);
int volume_info(const struct volume *v, struct volume_info *out);
unsigned volume_features(const struct volume *v);

/* How it is mounted: from VOLUME_PLAIN on. */
struct volume_how {
	uint64_t attributes; /* MOUNT_ATTR_RDONLY, _NODEV, _NOSUID, _NOEXEC, _NOATIME */
	int users;	     /* a user namespace whose ids it is to have; -EBADF: as on the disk */
	int unshift; /* of a volume that is shifted on the disk: one that takes that back; -EBADF */
	bool discard; /* of an image */
	bool lazytime;
	bool probe; /* -EOPNOTSUPP of the ids is not said */
};

#define VOLUME_PLAIN                                                                               \
	{                                                                                          \
		.users = -EBADF, .unshift = -EBADF                                                 \
	}

/*
 * *@fd: it, mounted. A snapshot is read-only in any case. @how->users has no effect on a volume
 * that is shifted on the disk. -EOPNOTSUPP: its file system cannot be mounted so (said).
 */
int volume_mount(const struct volume *v, const char *snapshot, const struct volume_how *how,
		 int *fd);

/* What is added to ids on the disk of a volume mounted at @fd without users: 0: nothing. */
unsigned volume_shift(int fd);

/* Of the file system in a mounted volume; a directory's own limit if it has one. */
int volume_usage(const struct volume *v, int fd, struct storage_usage *out);
