/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container that is only there to be cloned. Its volumes are read-only then, and called base-...
 *
 * The conf is saved after each of them has its new name. Killed between the two it names one that
 * is not there any more: said again, this finds it by its new name.
 */
#pragma once

#include "pct/conf/config.h"

/* Its lock is held, it does not run and has no snapshots. Says what is wrong. */
int template_make(unsigned vmid, struct config *c);
