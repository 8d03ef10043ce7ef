/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fuse_lowlevel.h>

#include "procfs/counts.h"

/* As fuse_reply_err(), which all errors go through: they are counted. */
static inline void reply_err(fuse_req_t req, int err)
{
	counts_fails(-err);
	fuse_reply_err(req, err);
}

void refuse_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int set,
		    struct fuse_file_info *fi);
void refuse_mknod(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode, dev_t dev);
void refuse_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode);
void refuse_unlink(fuse_req_t req, fuse_ino_t dir, const char *name);
void refuse_symlink(fuse_req_t req, const char *to, fuse_ino_t dir, const char *name);
void refuse_rename(fuse_req_t req, fuse_ino_t from, const char *name, fuse_ino_t to,
		   const char *new_name, unsigned flags);
void refuse_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t dir, const char *name);
