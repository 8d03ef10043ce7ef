/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places at which a worker that was built with -DPCT_DIE ends as by SIGKILL, for tests: at the
 * one that PCT_DIE_AT names, at every PCT_DIE_EVERY'th request, unless another worker had it. Or,
 * with PCT_DIE_OF, at every request of the container of that slot, by PCT_DIE_BY: crash or hang.
 */
#pragma once

#ifdef PCT_DIE
void die_at(const char *place);
#define DIE_AT(place) die_at(place)
#else
#define DIE_AT(place) ((void)0)
#endif
