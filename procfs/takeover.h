/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of the pctfs that runs.
 */
#pragma once

#include "procfs/daemon.h"

/* Go on as this program: no reader notices. */
int takeover_main(struct daemon *d);

/* End, and leave nothing mounted; of one that died, take off what it left. */
int unmount_main(struct daemon *d);
