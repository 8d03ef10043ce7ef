/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * At which request a worker crashes: the thread that does so says it, with its last breath.
 */
#pragma once

#include <signal.h>

#include "procfs/slots.h"

/* From here on it is said in these slots. There is one worker in a process. */
void fall_hear(struct slots *s);
/* The signals that must not be blocked for that. */
void fall_except(sigset_t *blocked);
/* What this thread answers from here on; NULL: nothing. */
void fall_at(struct slot *t);
