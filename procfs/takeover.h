/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Have the pctfs that runs go on as this program: no reader notices.
 */
#pragma once

#include "procfs/daemon.h"

int takeover_main(struct daemon *d);
