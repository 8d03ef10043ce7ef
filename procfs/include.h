/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What LXC is to include while somebody answers sysinfo(2) here: RUN/lxc.d/sysinfo.conf. A config
 * that names a proxy which is not there does not start, so this comes and goes with us; LXC takes a
 * folder that is not there for an empty one.
 */
#pragma once

#include "procfs/daemon.h"

/* Errors are said: containers start, and see the host's sysinfo(2). */
void include_write(const struct daemon *d);
void include_remove(const struct daemon *d);
