/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A VMID that nothing has yet, for what makes a container; and has again if that fails.
 */
#pragma once

#include "pct/conf/config.h"

/* Refuse one that something has. */
int check_vacant(unsigned vmid);

/*
 * Nothing stays of what could not be finished: its volumes, its conf. @what as in "create";
 * @why: -EINTR is said here.
 */
void vacate(unsigned vmid, const struct config *c, const char *what, int why);
