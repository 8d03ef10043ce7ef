/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container made from its backup, or from somebody else's.
 *
 * Simple: every volume of the backup is made anew, of its size. Advanced, where --rootfs is given:
 * those given are, and all that is in the backup goes into them.
 *
 * Over one that is there (--force): it is as it was until all of the backup is unpacked.
 */
#pragma once

#include "pct/cli/args.h"

int restore(const struct args *a);
