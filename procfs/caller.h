/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is asking: from the pid of a caller to its container.
 */
#pragma once

#include <sys/ioctl.h>
#include <sys/types.h>

#include "procfs/registry.h"

#ifndef NS_GET_TGID_FROM_PIDNS /* linux/nsfs.h of kernels from 6.11 on */
#define NS_GET_TGID_FROM_PIDNS _IOR(0xb7, 0x7, int)
#endif

struct callers;

/* -errno when the host's own namespaces cannot be told. */
int callers_new(const struct cgv_host *h, struct registry *r, struct callers **out) MUST_CHECK;
void callers_free(struct callers *c);

/*
 * The container of @pid, a reference; NULL: the host itself, which is who shares the pid, mount
 * and cgroup namespace of its first process. -EIO: cannot be told; never the host then.
 */
int caller_container(struct callers *c, pid_t pid, struct container **out) MUST_CHECK;

/* The container whose init is @init, met by another way than a read. */
int caller_of_init(struct callers *c, pid_t init, struct container **out) MUST_CHECK;

/* Is the process whose /proc/PID is @proc in the same pid namespace as @init? */
bool caller_is_beside(const struct callers *c, int proc, pid_t init);

/*
 * The first process of the pid namespace of @pid, as we number it; @scan: without the kernel's
 * help (which older ones do not give), by the NSpid lines of all processes.
 */
int init_of(const struct cgv_host *h, pid_t pid, bool scan, pid_t *out) MUST_CHECK;

/* Is it in the pid namespace of the host's first process? Only such may know of all containers. */
bool caller_sees_all(const struct callers *c, pid_t pid);

/* Has @pid a 32-bit personality? Whose cannot be told has none. */
bool caller_is_32bit(const struct cgv_host *h, pid_t pid);
