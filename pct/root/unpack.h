/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tar becomes a root file system. The tar may be hostile: whatever is in it stays below the
 * root, and in the container's range of ids.
 */
#pragma once

#include <limits.h>
#include <stdint.h>

#include "pct/root/template.h"

struct archive;
struct archive_entry;

/*
 * Unpack the tar open at @fd, plain or compressed, into @t. @name is the user's, for messages.
 * Says itself what is wrong: a damaged tar, or the entry that is refused. -EINTR: interrupted.
 */
int unpack(const char *name, int fd, const struct target *t);

/* The layers of an OCI image, the lowest first, each of which may take from those below. */
int unpack_layers(const char *name, const int *fds, size_t n, const struct target *t);

/*
 * After ARCHIVE_EOF: did the tar end as one does, with a block of zeros? To libarchive one that was
 * cut between two entries is as good.
 */
bool unpack_ended(struct archive *a);

/* Why a path in a tar is not taken, of an entry or of a hard link's other end; NULL: it is. */
const char *unpack_path_wrong(const char *path);

/* One that is not wrong without "./", "//" and a "/" at its end; the root itself is "". */
void unpack_path_clean(const char *path, char out[PATH_MAX]);

/* What was left out, to be said once. */
struct left_out {
	size_t devices;	   /* an unprivileged container cannot have them */
	size_t attributes; /* of a kind that is not taken over, or without a numeric id */
};

/*
 * Make an entry one of the container's: ids, ACLs and file capabilities shifted. NULL, or what
 * is wrong with it.
 */
const char *entry_shift(struct archive_entry *e, const struct target *t, struct left_out *out);

/*
 * A security.capability attribute as a container whose root is the host's @root must have it:
 * of version 3. Returns its size, 0 if @from is of no known form.
 */
size_t capability_shift(const void *from, size_t n, uint32_t root, unsigned char to[24]);
