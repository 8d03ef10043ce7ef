/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Long work that a signal ends in good order: what was begun is undone, not left behind.
 */
#pragma once

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP do not end the program, they are remembered. */
void interrupt_catch(void);

/* Has one come? Asked between steps; the answer to pass up is -EINTR. */
bool interrupted(void);
