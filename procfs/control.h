/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The control socket: one JSON object a line in, one a line out, for root only.
 *
 *   {"request":"ping"}                                      pid, mount, fast_mount, views,
 *                                                           yielding
 *   {"request":"register","door":D,"id":I,"pid":N}          name, root, views, yielding, new
 *     "fixed_cpus":true                                     its cpuset never changes
 *     "fast":true                                           also fast_root, fast: those of the
 *                                                           views that are by the page cache
 *     "again":true                                          only if that very one is registered
 *   {"request":"forget","door":D,"id":I}  or  {"request":"forget","pid":N}
 *   {"request":"list"}                                      containers, mount, fast_mount, views,
 *                                                           yielding
 *
 * Every answer has "ok"; with false it also has "error", one line.
 */
#pragma once

#include "procfs/fs.h"

struct control;

/* @sock: it listens, and stays the caller's; @mount, @fast: what to tell clients. */
int control_start(struct fs *fs, int sock, const char *mount, const char *fast,
		  struct control **out) MUST_CHECK;
void control_stop(struct control *c);

/* A listening socket at @path, root's alone; what a dead daemon left there is replaced. */
int listen_at(const char *path, int type) MUST_CHECK;
/* Likewise, for more than root: of the group that is the process's own. */
int listen_for(const char *path, int type, mode_t mode) MUST_CHECK;

/* Is the other end root? */
bool peer_is_root(int fd);
