/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FUSE side: two trees of the same files, by caller at the top and by name below ct/. Names
 * and directories are fs.c's, open files open.c's.
 *
 * An inode number is the container's slot and the node in the tree: nothing is looked up by
 * name once a file is bound into a container. Slot 0 is the tree by caller.
 */
#pragma once

#include "procfs/caller.h"
#include "procfs/opens.h"
#include "procfs/psi.h"
#include "procfs/tree.h"

struct fuse_lowlevel_ops;
struct fuse_session;
struct sharing;

struct fs {
	const struct cgv_host *host;
	struct registry *registry;
	struct callers *callers;
	struct tree tree;
	struct psi *psi;
	struct opens *opens;
	struct sharing *sharing;
	struct fuse_session *session;
	uint64_t
	    ttl; /* of the mount that is served by the page cache: ns a text is shown; else 0 */
	time_t since;
	pid_t keeper; /* who is to be told to end */
};

#define FS_MAX_WRITE 4096 /* bytes of a write; triggers are short */

/* A request was answered, after so many ns: it is counted. @fs: a struct fs. */
struct fuse_in_header;
void fs_answered(void *fs, const struct fuse_in_header *head, uint64_t ns);

/* The user data of the session is a struct fs. */
extern const struct fuse_lowlevel_ops fs_operations;
