/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mp<n> and dev<n>: directories and devices of the host in a container.
 */
#pragma once

#include "pct/ct/live.h"
#include "pct/ct/lxcconf.h"

#define DEVICES_MAX 256

/*
 * Before it starts: is all there that is to be mounted? Says what is not. *@any: there is something
 * to mount. @devices: their numbers.
 */
int mounts_check(unsigned vmid, const struct config *c, struct device_number devices[DEVICES_MAX],
		 bool *any);

/* LXC's hook start-host: everything is mounted, and its process 1 has not begun. */
int mounts_hook(unsigned vmid, pid_t init);

/* Of keys[]. */
int apply_mount(struct live *l, const char *name, const char *value);
int apply_device(struct live *l, const char *name, const char *value);
