// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Operations that change something: nothing does. Without an answer of ours they would be "not
 * implemented", which some programs take for a broken file system.
 */
#include <errno.h>

#include "procfs/refuse.h"

void refuse_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int set,
		    struct fuse_file_info *fi)
{
	(void)ino, (void)st, (void)set, (void)fi;
	reply_err(req, EACCES);
}

void refuse_mknod(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode, dev_t dev)
{
	(void)dir, (void)name, (void)mode, (void)dev;
	reply_err(req, EACCES);
}

void refuse_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode)
{
	(void)dir, (void)name, (void)mode;
	reply_err(req, EACCES);
}

void refuse_unlink(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	(void)dir, (void)name;
	reply_err(req, EACCES);
}

void refuse_symlink(fuse_req_t req, const char *to, fuse_ino_t dir, const char *name)
{
	(void)to, (void)dir, (void)name;
	reply_err(req, EACCES);
}

void refuse_rename(fuse_req_t req, fuse_ino_t from, const char *name, fuse_ino_t to,
		   const char *new_name, unsigned flags)
{
	(void)from, (void)name, (void)to, (void)new_name, (void)flags;
	reply_err(req, EACCES);
}

void refuse_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t dir, const char *name)
{
	(void)ino, (void)dir, (void)name;
	reply_err(req, EACCES);
}
