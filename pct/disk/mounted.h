/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container's volumes where the host's root can work on them: var/lib/pct/lxc/<vmid>/rootfs, with
 * `lock: mounted` in its conf as long as they are.
 */
#pragma once

#include "pct/conf/config.h"

/*
 * All of them, as the container has them, with the ids they have in there: what the host's root
 * makes is its root's. No other user of the host gets there; nothing in there is a device, or runs
 * as somebody else. Says what is wrong; then nothing is mounted.
 */
int mounted_begin(unsigned vmid, const struct config *c);

/* Take them off. @lazy: from our sight at once, and from others' when they are done with them. */
int mounted_end(unsigned vmid, bool lazy);

/* Before a start: what is mounted is not any more, and the conf is saved without its lock. */
int mounted_settle(unsigned vmid, struct config *c);
