/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of containers that end in a new procfs, or take one off, or make a device's node: a helper
 * makes them, a procfs with views on it (pct-launch mounter), as the worker must not. While it
 * does, the call waits in the monitor's connection, as everything unanswered does, for this worker
 * or the next.
 */
#pragma once

#include <linux/seccomp.h>
#include <stdbool.h>

#include "base/mounting.h"
#include "cgview/span.h"
#include "procfs/daemon.h"

enum call_kind {
	CALL_OTHER,
	CALL_MOUNT,
	CALL_UMOUNT,
	CALL_FSOPEN,
	CALL_MKNOD,
	CALL_MKNODAT,
};

/* Which is it, also of a 32-bit process? */
enum call_kind call_kind(const struct seccomp_data *d);

/* Is it mknod(2) of a device that a container may have? */
bool call_makes_node(const struct seccomp_data *d);

/* Does it name "proc" as the type of a file system, in the caller's memory? */
bool call_names_proc(int mem, uint64_t address);

/* A text there, with its end. False: it has none, or nothing can be read. */
bool call_text(int mem, uint64_t address, char *out, size_t size);

/*
 * Can there be a procfs with views on it to be unmounted, but for a container's own /proc? By a
 * text in the form of mountinfo.
 */
bool mounts_has_views(struct span mountinfo);

/*
 * Of umount2(2): can it be views, and nothing else, that keep @target busy? True, too, where it is
 * no mount by that very name: a link, or relative. False: whatever becomes of it, the kernel does.
 */
bool mounts_holds_views(struct span mountinfo, const char *target);

struct mounts {
	int helper; /* -EBADF: none */
	struct {
		uint64_t id;	/* of the call */
		uint64_t until; /* ms; 0: none is waited for */
	} asked[KEPT_MAX];	/* by the number of the connection */
	unsigned n;
};

/*
 * 0: its answer will come. -errno: it cannot be asked. @root: where the caller's views are served.
 */
int mounts_ask(struct mounts *m, uint32_t number, const struct seccomp_notif *call, pid_t init,
	       const int fds[MOUNTING_FDS], const char *root) MUST_CHECK;

/* Is there one to come? */
bool mounts_is_asked(const struct mounts *m, uint32_t number);
/* Its connection is gone. */
void mounts_forget(struct mounts *m, uint32_t number);

/* True: the answer to what was asked for @out->number. */
bool mounts_hear(struct mounts *m, struct mounted *out);

/* True: one that comes too late, and is the kernel's to answer. */
bool mounts_late(struct mounts *m, struct mounted *out);

/* There is no helper, or another one: those that were asked of the one before come late. */
void mounts_helper(struct mounts *m, int fd);
