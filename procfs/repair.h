/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Containers have views of a mount that was cut off: the program that puts views into containers
 * does so again. That it is to be done is noted in the slots, until it is.
 */
#pragma once

#include "procfs/daemon.h"
#include "procfs/slots.h"

/* Begin with it, in a process of its own. @control: the socket of a worker that serves. */
void repair_containers(const char *control, struct slots *const all[N_MOUNTS]);
