/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/base.h"

/*
 * What the worker can do from here on: look at processes and files, whoever's they are; take from
 * and answer on what is open. No program is started, no process touched, nothing mounted, no
 * namespace entered, no socket made. There is no way back.
 *
 * Before the first thread: capabilities are a thread's, and those to come have this one's.
 * Where the kernel filters no system calls this is said, and capabilities alone must do.
 */
int privileges_drop(void) MUST_CHECK;
