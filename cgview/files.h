/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside the library: which cgroup files are open. All containers of a host share a limit; where
 * one more is wanted, those of the container that was used longest ago are closed.
 */
#pragma once

#include "cgview/container.h"

int cgv_files_new(struct cgv_files **out) MUST_CHECK;
void cgv_files_free(struct cgv_files *f);

/*
 * All below of a container that is held. A file of its, by its place in c->fd: keep @fd open
 * there. False: there is no room, it stays the caller's.
 */
bool cgv_files_keep(struct cgv_container *c, size_t at, int fd) MUST_CHECK;
void cgv_files_drop(struct cgv_container *c, size_t at);

/*
 * No fd is left for others: close some, and keep so many fewer from now on. False: there are none.
 */
bool cgv_files_yield(struct cgv_files *f);

/* No file of it is open any more. */
void cgv_files_close(struct cgv_container *c);

/* openat(2); where no fd is left, some that are only kept for later are given up. */
int cgv_open_at(const struct cgv_host *h, int dir, const char *path, int flags) MUST_CHECK;
