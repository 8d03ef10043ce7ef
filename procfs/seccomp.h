/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of containers, that LXC's monitor hands over on a SOCK_SEQPACKET connection
 * (lxc.seccomp.notify.proxy): sysinfo(2), answered from the same sample as their files; and those
 * by which they mount a procfs or make a device's node (mounts.h).
 */
#pragma once

#include "procfs/caller.h"
#include "procfs/kept.h"

struct seccomp;

/*
 * @kept: the monitors there are; @helper: who mounts, taken over, or -EBADF; @root: the mount.
 */
int seccomp_start(struct callers *c, struct kept *kept, int helper, const char *root,
		  struct seccomp **out) MUST_CHECK;
/* Another monitor, which the keeper has by that number; from any thread. @fd is taken over. */
int seccomp_monitor(struct seccomp *s, uint32_t number, int fd) MUST_CHECK;
/* Another one that mounts; from any thread. @fd is taken over. */
void seccomp_helper(struct seccomp *s, int fd);
void seccomp_stop(struct seccomp *s);
