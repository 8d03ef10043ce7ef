/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "base/base.h"

/*
 * Mount a new FUSE connection on @path, making the directory and taking off what a dead daemon
 * left there. Gives the connection's fd. All errors are said.
 */
int mount_views(const char *path, int *fuse_fd) MUST_CHECK;

/* mkdir -p of the directory @path lies in, or of @path itself. */
int make_dirs(const char *path, bool itself) MUST_CHECK;
