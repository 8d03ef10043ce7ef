/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The conf files on disk, and the lock that changing one needs. All of these say what is wrong.
 */
#pragma once

#include "base/base.h"
#include "pct/conf/config.h"

/*
 * One holder a VMID on this host. Waits up to @seconds, and says for whom. Held until released or
 * the process ends.
 */
struct lock {
	int fd;
	unsigned vmid;
	bool held;
};
int lock_take(unsigned vmid, int seconds, struct lock *out);
void lock_release(struct lock *l);
/*
 * A shutdown takes its time, and others may work on the container meanwhile: who waits for it to
 * end says so (known until the lock is released, or the process ends), leaves, and comes back.
 * lock_again(): -ENOENT, -ESTALE: it was destroyed meanwhile, not said; @l is still to be released.
 */
int lock_await_end(struct lock *l);
void lock_leave(struct lock *l);
int lock_again(struct lock *l, int seconds);
/* Does another process wait for its end? Then what rebooted from inside is not to come back. */
bool lock_is_ending(const struct lock *l);
/* Make such a process give up. */
void lock_overrule(unsigned vmid);
/*
 * Was it stopped by command, and not started since? What rebooted from inside just before is then
 * not to come back. Kept in the lock's file, so until the host's next boot.
 */
void lock_set_stopped(const struct lock *l, bool stopped);
bool lock_is_stopped(const struct lock *l);
/* Owned: auto_lock lock = LOCK_NONE; */
#define LOCK_NONE                                                                                  \
	{                                                                                          \
		.fd = -EBADF                                                                       \
	}
#define auto_lock CLEANUP(lock_release) struct lock

/* -ENOENT, said with what to do, when there is no such container. */
int conf_load(unsigned vmid, struct config *out);

/* The SHA-1 of the file as it is, in hex. */
#define DIGEST_SIZE 41
int conf_digest(unsigned vmid, char out[DIGEST_SIZE]);
/* Refuse a file that is no more as it was when somebody read @want of it; NULL: nobody did. */
int conf_check_digest(unsigned vmid, const char *want);

/* All of it or nothing, and on the disk when this returns. The lock must be held. */
int conf_save(unsigned vmid, const struct config *c);

/* -ENOENT is no failure. */
int conf_remove(unsigned vmid);

bool conf_exists(unsigned vmid);

/* The VMIDs there are, ascending; malloc'ed. */
int conf_list(unsigned **vmids, size_t *n);

/* Refuse what a `lock:` of a long operation forbids; @why as in "start". */
int conf_check_lock(unsigned vmid, const struct config *c, const char *why);
