/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pct/conf/config.h"

/*
 * The user's own program of a container (key hookscript), called with its VMID and @phase:
 * pre-start, post-start, pre-stop, post-stop. 0 if there is none; a failure is said.
 */
int hookscript_run(unsigned vmid, const struct config *c, const char *phase);
