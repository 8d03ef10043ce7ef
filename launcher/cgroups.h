/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cgroups that say which devices a process may use: v1's devices, and v2, where it is a program
 * of the kernel's that nobody else can ask.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

enum { CGROUPS_V1, CGROUPS_V2, N_CGROUPS };

/*
 * Of /proc/PID/cgroup, where it is in there: "/lxc/100". -ENOENT: there is no such hierarchy;
 * -EXDEV: it is not below ours.
 */
int cgroups_path(const char *text, int which, char *out, size_t size) MUST_CHECK;

/* Of a line of mountinfo: is that hierarchy mounted there as a whole? *@at: where. */
bool cgroups_mounted(const char *line, int which, char *at, size_t size);

/*
 * Those of the process whose /proc/PID this is; -EBADF in @fds: there is no such hierarchy. -EXDEV:
 * there is, and we cannot get there.
 */
int cgroups_open(int proc, int fds[N_CGROUPS]) MUST_CHECK;

/* This process is in them from then on. */
int cgroups_join(const int fds[N_CGROUPS]) MUST_CHECK;
