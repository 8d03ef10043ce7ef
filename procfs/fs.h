/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FUSE side: two trees of the same files, by caller at the top and by name below ct/.
 */
#pragma once

#include "procfs/caller.h"
#include "procfs/psi.h"
#include "procfs/tree.h"

struct fs {
	const struct cgv_host *host;
	struct registry *registry;
	struct callers *callers;
	struct tree tree;
	struct psi *psi;
	time_t since;
};

struct fuse_lowlevel_ops;
/* The user data of the session is a struct fs. */
extern const struct fuse_lowlevel_ops fs_operations;
