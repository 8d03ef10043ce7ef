/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pct/ct/live.h"
#include "pct/guest/guest.h"

/*
 * @parts of the files of a container that runs, as its conf will be with @value (NULL: without)
 * for the key @name: by a process that has entered it, as its own root, and has some seconds.
 * -EIO: not all was written. Said.
 */
int guest_live(const struct live *l, const char *name, const char *value, unsigned parts);
