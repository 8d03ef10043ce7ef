// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * In the stead of liblxc.c for the static pct-launch, which cannot load a library: no container of
 * LXC's is known by name, and no config. Of a container of LXC's the option --cpus must then say
 * whether its cpuset is fixed.
 */
#include <stddef.h>

#include "launcher/liblxc.h"

struct lxc_container *liblxc_container(const char *name, const char *lxcpath)
{
	(void)name;
	(void)lxcpath;
	return NULL;
}

const char *liblxc_global(const char *key)
{
	(void)key;
	return NULL;
}

void liblxc_put(struct lxc_container *c)
{
	(void)c;
}
