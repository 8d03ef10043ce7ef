/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tar (pax) of what is below directories, which their owners may change meanwhile to lead us
 * elsewhere: every file is opened below its directory's descriptor, over no link and no mount.
 *
 * Ids, ACLs and file capabilities are written as the container sees them.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>
#include <sys/stat.h>

#include "pct/backup/exclude.h"
#include "pct/cli/progress.h"
#include "pct/ct/idmap.h"
#include "pct/tree/parts.h"

struct pack {
	const char *what; /* "backup of CT 100", for messages */
	const struct excludes *excludes;
	struct progress *progress; /* of the bytes read; may be NULL */
	uint64_t limit;		   /* of bytes read, a second; 0: none */

	struct archive *out;
	struct archive_entry *entry;
	struct links links;
	char *buffer;
	int fd;
	int error; /* a negative errno of write(2) */
	uint64_t written, read, begun;
	char path[4096]; /* of what is being packed, as the tar has it */

	/* What is not as it was asked for, to be said once. */
	size_t sockets, gone, changed, deep, foreign;
	char first[160]; /* of those that changed, or lie too deep */
};

/*
 * To @fd, from where it is. @compress: NULL, "gzip", "zstd"; @threads 0: as many as the host has
 * CPUs. All of these say what is wrong. Owned: auto_pack p = { ... }.
 */
int pack_begin(struct pack *p, int fd, const char *compress, unsigned threads);

/* A file of its own, such as "./etc/vzdump/pct.conf". */
int pack_text(struct pack *p, const char *path, const char *text);

/*
 * A directory and all in it. @prefix: where it is in the container: "/" or "/mnt/data". @ids: which
 * the ids on the disk are; n 0: those of the container.
 */
int pack_tree(struct pack *p, int root, const char *prefix, const struct idmap *ids);

/* Nothing is buffered any more. */
int pack_finish(struct pack *p);

/* What libarchive has just refused, of p->path: said. */
int pack_wrong(struct pack *p);
void pack_free(struct pack *p);
#define auto_pack CLEANUP(pack_free) struct pack

/* --- meta.c --- */
/*
 * What a file has beside its data, of an open or O_PATH descriptor. 1: some of it cannot be told,
 * and is left out.
 */
int meta_read(int fd, const struct stat *st, const struct idmap *ids, struct archive_entry *e);

/* The container's id of the host's; IDMAP_NONE: it has none for it. */
uint32_t idmap_inside(const struct idmap *m, char kind, uint32_t outside);

/*
 * A security.capability as the container reads it: without a root id if that is the container's
 * own. Returns its size; 0: it is none that holds there.
 */
size_t capability_inside(const void *from, size_t n, const struct idmap *ids, unsigned char to[24]);

/* system.posix_acl_access (or default) into an entry. -EINVAL: it has no known form. */
int acl_read(const void *from, size_t n, int type, const struct idmap *ids,
	     struct archive_entry *e);

/* --- data.c --- */
/* All of a regular file, holes left out, after its size is known from @st. */
int data_map(int fd, const struct stat *st, struct archive_entry *e);
int data_copy(struct pack *p, int fd, uint64_t size);
