/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between a target's being found and a view's being moved there, a pct-launch that was built with
 * -DPCT_PAUSE writes the target to the descriptor that PCT_PAUSE_FD names, and waits for a byte:
 * time for a hostile container to swap it, for tests.
 */
#pragma once

#ifdef PCT_PAUSE
void pause_at(const char *path);
#define PAUSE_AT(path) pause_at(path)
#else
#define PAUSE_AT(path) ((void)0)
#endif
