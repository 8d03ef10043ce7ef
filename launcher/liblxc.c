// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/liblxc.h"

#include <dlfcn.h>

#include "base/say.h"

static void *find(const char *name)
{
	static void *lib;

	if (!lib)
		lib = dlopen("liblxc.so.1", RTLD_NOW);
	if (!lib)
		debug("no liblxc: %s", dlerror());
	return lib ? dlsym(lib, name) : NULL;
}

struct lxc_container *liblxc_container(const char *name, const char *lxcpath)
{
	struct lxc_container *(*make)(const char *, const char *) = find("lxc_container_new");

	return make ? make(name, lxcpath) : NULL;
}

void liblxc_put(struct lxc_container *c)
{
	int (*put)(struct lxc_container *) = find("lxc_container_put");

	if (put)
		put(c);
}

const char *liblxc_global(const char *key)
{
	const char *(*get)(const char *) = find("lxc_get_global_config_item");

	return get ? get(key) : NULL;
}
