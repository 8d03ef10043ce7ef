/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The volumes of a container: what its conf names as rootfs, mp<n> and unused<n>.
 *
 * One exists before the conf names it, and is named by the conf, or lies in images/<vmid> of a
 * storage that the conf names, as long as it exists. All of these say what is wrong; those that
 * change something want the container's lock.
 */
#pragma once

#include "pct/cli/property.h"
#include "pct/conf/config.h"
#include "pct/conf/keys.h"
#include "pct/ct/idmap.h"
#include "pct/storage/volume.h"

/* One that is mounted in it. */
struct ct_volume {
	char key[OPTION_NAME]; /* "rootfs", "mp0" */
	char *path;	       /* where it is in there: "/", "/data" */
	struct volume v;
	struct volume_how how; /* as its properties have it */
};

/* ro, mountoptions. */
void ct_volume_how(const struct properties *p, struct volume_how *out);

/* Of a section: rootfs first, then mp<n>, one that is in another after it; what is no volume is
 * passed over. */
int ct_volumes_read(unsigned vmid, const struct section *s, struct ct_volume **all, size_t *n);
void ct_volumes_free(struct ct_volume *all, size_t n);

/*
 * ---- named ----
 */

/* rootfs, mp0, unused0. */
bool ct_volume_key(const char *key);

/* "local:100/x", of its value: malloc'ed; NULL: it has none. */
char *ct_volume_id(const char *key, const char *value);

/* Is that a value of which one is made? */
bool ct_volume_asked(const char *key, const char *value);

/* Does any key of any section but @but (may be NULL) name it? */
bool ct_volume_named(const struct config *c, const struct volume *v, const char *but);

/* Does any value name a volume of that storage, or ask for one there? */
bool ct_volumes_mention(const struct config *c, const char *storage);

/* The lowest unused<n> names it; not if something else does, or it has another owner. */
int ct_volume_unused(unsigned vmid, struct config *c, const struct volume *v);

/*
 * pending_take() of such a key: a volume that mp<n> named until now is unused<n> then; what
 * unused<n> named is freed, if it is @vmid's own and nothing else names it.
 */
int ct_volume_take(unsigned vmid, struct config *c, const char *key);

/* Free one that was made, by its id, if nothing names it. */
void ct_volume_drop(const struct config *c, const char *id);

/*
 * ---- made ----
 */

/*
 * What a conf has for @key after @value was asked for: where that is "storage:GiB" a volume is made
 * and named, else it is looked whether it is there and its own. malloc'ed. @fallback: the storage
 * of a size alone, "8"; NULL: local.
 */
int ct_volume_make(unsigned vmid, const struct config *c, const char *key, const char *value,
		   const char *fallback, char **out);

/*
 * Likewise all there are to be made in @c, which is saved after each. So before: with those values,
 * and with a `lock:`. After a failure what was made is named by @c: ct_volumes_remove().
 */
int ct_volumes_make(unsigned vmid, struct config *c, const char *fallback);

/*
 * The rootfs that is asked for as a clone of what @make makes once for @digest (storage/base.h):
 * 1: it is made and named, and @c saved; 0: not so on that storage, or with those volumes.
 */
int ct_rootfs_clone(unsigned vmid, struct config *c, const char *fallback, const char *digest,
		    int (*make)(int root, void *data), void *data);

/*
 * ---- removed ----
 */

#define VOLUMES_UNNAMED	  1u /* also on storages that the conf does not name */
#define VOLUMES_REACHABLE 2u /* what is on a storage that is gone is kept and said */

/*
 * Free all that is @vmid's own on the storages the conf names, and on local; @how: of these.
 * What is another's, or on no storage, is kept and said.
 */
int ct_volumes_remove(unsigned vmid, const struct config *c, unsigned how);

/*
 * ---- mounted ----
 */

/*
 * All of a section's, as the container sees them: each at its place below its rootfs, with the
 * container's own ids (root is 0) where a kernel can; *@root is open there, and volume_shift() of
 * it is what else is to be added to ids. In a mount namespace that this process has for itself
 * until ct_volumes_leave(): nothing stays of it. (A daemon, or what is mounted for others, is to be
 * started after that.)
 * @snapshot NULL: as they are now. @attributes: MOUNT_ATTR_RDONLY, ... of all.
 */
int ct_volumes_mount(unsigned vmid, const struct config *c, const struct section *s,
		     const char *snapshot, uint64_t attributes, int *root);
int ct_volumes_leave(void);

/* A container's ids, and from them back to those inside, for struct volume_how. -EBADF: it has
 * the host's. */
int ct_users(const struct idmap *ids, int *users);
int ct_users_back(const struct idmap *ids, int *unshift);

/* Before a start: is it there? */
int ct_rootfs_check(unsigned vmid, const struct config *c);

/* For start: its rootfs, mounted as it is to have it; and where liblxc is to find it. */
int ct_rootfs_open(unsigned vmid, const struct config *c, int *fd);
char *ct_rootfs_path(unsigned vmid);
