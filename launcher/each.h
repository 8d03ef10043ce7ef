/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same work for many containers, of which some may let us wait.
 */
#pragma once

#include <stddef.h>

#include "base/base.h"

/* Of work() that came too late: what it said is nobody's business. */
#define EACH_GONE 100

/*
 * work(i, arg) for each @i below @n, in a child each, several at a time: those that take long do
 * not keep the others from it. results[i]: 0 to 100, what it returned; or negative, it failed. What
 * it says on stderr comes whole and in order.
 */
int each(size_t n, int (*work)(size_t i, void *arg), void *arg, int results[]) MUST_CHECK;
