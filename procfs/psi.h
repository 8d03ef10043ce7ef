/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pressure triggers: what a container writes into its /proc/pressure file is set on its own
 * cgroup, and poll(2) on the file wakes when the kernel says so. One thread waits for all.
 */
#pragma once

#include "procfs/container.h"

struct psi;
/* @fuse_fd: where the kernel is told who need not wait any more. @most: triggers at a time. */
int psi_start(int fuse_fd, unsigned most, struct psi **out) MUST_CHECK;
void psi_stop(struct psi *p);

/*
 * Set a trigger by its text, "some 150000 1000000", for the open file @fh. Errors are the
 * kernel's: -EINVAL …; -EBUSY: that file has one; -ENFILE: too many have.
 */
int psi_set(struct psi *p, struct container *c, enum cgv_pressure kind, const char *text,
	    size_t size, uint64_t fh) MUST_CHECK;
/* The one of an open file, if it has one. */
void psi_drop(struct psi *p, uint64_t fh);

/* What poll(2) is told. @waiter, if not 0, is told when that changes, once. */
unsigned psi_poll(struct psi *p, uint64_t fh, uint64_t waiter);
