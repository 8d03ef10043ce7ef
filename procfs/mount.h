/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

/*
 * Mount a new FUSE connection on @path, making the directory and taking off what a dead daemon
 * left there. Gives the connection's fd. All errors are said.
 */
int mount_views(const char *path, int *fuse_fd) MUST_CHECK;

/* mkdir -p of the directory @path lies in, or of @path itself. */
int make_dirs(const char *path, bool itself) MUST_CHECK;

/* Take off what dead daemons left mounted on @path: how many there were. Errors are said. */
int take_off_dead(const char *path) MUST_CHECK;

/*
 * By which number the kernel knows the mount on @path; 0: nothing is mounted there. Whoever serves
 * it is not asked.
 */
uint32_t mount_number(const char *path);
