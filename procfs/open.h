/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Open files: which text each shows, from its start to its end.
 *
 * A container's file is served from the page cache. Its text is stored there when it is opened,
 * unless that of the same tick is there already, and only while nobody has it open: who reads
 * sees one moment, however slowly he reads. Whoever opens it while another holds an older text
 * gets one of his own, past the page cache.
 */
#pragma once

#include <fuse_lowlevel.h>

#include "procfs/fs.h"

#define NODE_BITS 24
#define NODE_CT	  ((1u << NODE_BITS) - 1) /* the directory ct/, in slot 0 only */

struct at {
	uint32_t slot, node;
};

static inline fuse_ino_t ino_of(uint32_t slot, uint32_t node)
{
	return (fuse_ino_t)slot << NODE_BITS | node;
}

static inline struct at at_of(fuse_ino_t ino)
{
	return (struct at){ (uint32_t)(ino >> NODE_BITS), (uint32_t)(ino & (NODE_CT)) };
}

static inline struct fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static inline void put_container(struct container **c)
{
	container_put(*c);
}
#define auto_container CLEANUP(put_container) struct container *

/* Whose files these are, a reference; NULL with 0: the host's own. */
int owner_of(fuse_req_t req, struct at at, struct container **out) MUST_CHECK;

/* 0, or -ENOENT: only in a cpuN or nodeN directory does it matter who looks. */
int may_see(fuse_req_t req, struct at at) MUST_CHECK;

/* How long the kernel may believe a file's size: a reader that rewinds is noticed after that. */
#define ATTR_KEPT 0.1

/* Does a write set a pressure trigger? */
bool takes_triggers(const struct fs *fs, struct at at);

void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
/* What was opened for a request that fails: nobody will close it. */
void fs_refused(void *fs, uint64_t unique);
void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	      struct fuse_file_info *fi);
void fs_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph);
