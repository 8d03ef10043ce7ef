/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * liblxc, loaded when something is first asked of it: most doors ask nothing, and to load it and
 * all it needs takes longer than to attach a container's views.
 */
#pragma once

#include <lxc/lxccontainer.h>

/* As liblxc's own of nearly that name; NULL also where there is no liblxc. */
struct lxc_container *liblxc_container(const char *name, const char *lxcpath);
void liblxc_put(struct lxc_container *c);
const char *liblxc_global(const char *key);
