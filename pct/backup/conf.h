/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The conf of a container as its backup has it, and what a restored one takes of that. Pure.
 */
#pragma once

#include <stdbool.h>

#include "base/base.h"
#include "pct/conf/config.h"

/* Where it is in the archive, as Proxmox has it. */
#define BACKUP_CONF	"./etc/vzdump/pct.conf"
#define BACKUP_CONF_MAX (1u << 20)

/* Without what is about this host and moment: snapshots, pending changes, the lock. malloc'ed. */
int backup_conf_write(const struct config *c, char **text);

/* Is it, by its value, a path of the host: a bind mount, a device? */
bool backup_conf_is_host_path(const char *value);

/* Names, joined by ", ", of what was not taken over; malloc'ed or NULL. */
struct dropped {
	char *unknown; /* keys that pct has not, or values that are none of theirs */
	char *host; /* what reaches the host: raw lxc lines, bind mounts, devices, a hookscript */
};
void dropped_free(struct dropped *d);
#define auto_dropped CLEANUP(dropped_free) struct dropped

/*
 * An archive's text may be anybody's: nothing but keys with values that `pct set` would take comes
 * out; @host: and what reaches the host, too. rootfs and mpN have the names of their volumes in
 * the backup still.
 */
int backup_conf_read(const char *text, size_t n, bool host, struct config *out,
		     struct dropped *dropped);
