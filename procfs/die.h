/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places at which a worker that was built with -DPCT_DIE ends as by SIGKILL, for tests: at the
 * one that PCT_DIE_AT names, at every PCT_DIE_EVERY'th request, unless another worker had it.
 */
#pragma once

#ifdef PCT_DIE
void die_at(const char *place);
#define DIE_AT(place) die_at(place)
#else
#define DIE_AT(place) ((void)0)
#endif
