/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pct/conf/config.h"

/*
 * ct_start() with what it needs written, and with its rootfs mounted, in a mount namespace that
 * only its monitor is in: what is mounted there ends with it. Ours is as before. Says errors.
 */
int rootfs_start(unsigned vmid, const struct config *c, bool shown);
