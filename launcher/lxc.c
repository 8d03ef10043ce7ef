// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * LXC's door: lxc.hook.start-host, when all mounts of the container are made and its init is not
 * yet exec'ed, and lxc.hook.post-stop; lxc.hook.mount for who may not do it so (mount.h).
 */
#include <limits.h>

#include "launcher/launch.h"
#include "launcher/liblxc.h"
#include "launcher/mentions.h"
#include "launcher/mount.h"
#include "launcher/tree.h"
#include "launcher/waiting.h"

#define DOOR "lxc:"

/* Containers of one name in different lxcpaths are different: LXC_CONFIG_FILE is PATH/NAME/config.
 */
static void door_of(char *door, size_t size)
{
	const char *config = getenv("LXC_CONFIG_FILE");
	char path[PATH_MAX] = "";

	if (config)
		snprintf(path, sizeof(path), "%s", config);
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(path, '/');

		if (slash)
			*slash = '\0';
	}
	snprintf(door, size, DOOR "%s", path);
}

/* Version 0 hands "NAME lxc TYPE" over as arguments, version 1 only the environment. */
static const char *hook_type(int argc, char *argv[])
{
	const char *type = getenv("LXC_HOOK_TYPE");

	return type ? type : argc > 1 ? argv[argc - 1] : "";
}

/* Does its config name the cpuset? Where it may, liblxc itself reads it: it knows which line holds.
 */
static bool names_cpuset(const char *name, const char *lxcpath)
{
	static const char *const keys[] = { "lxc.cgroup.cpuset.cpus", "lxc.cgroup2.cpuset.cpus" };
	const char *config = getenv("LXC_CONFIG_FILE");
	struct lxc_container *c =
	    config && config_mentions(config, "cpuset") ? liblxc_container(name, lxcpath) : NULL;
	bool named = false;

	if (!c)
		return false;
	/* Started with a config that is elsewhere. */
	if (strcmp(c->configfile, config) != 0) {
		c->clear_config(c);
		(void)!c->load_config(c, config);
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		named |= c->get_config_item(c, keys[i], NULL, 0) > 0;
	liblxc_put(c);
	return named;
}

/* By a user, or in a container that has containers: the mount hook did what can be done. */
static bool is_mounts(const struct options *o)
{
	char tree[PATH_MAX];

	mount_tree(tree, sizeof(tree));
	return geteuid() != 0 || (access(o->socket, F_OK) < 0 && tree_is_inner(tree));
}

static int start(const struct options *options, const char *door, const char *name)
{
	const char *pid = getenv("LXC_PID");
	struct options o = *options;
	int r;

	if (is_mounts(&o))
		return 0;
	if (!pid || atoi(pid) < 1)
		return refuse(-EINVAL, "LXC_PID is not set: this is for lxc.hook.start-host");
	if (o.cpus == CPUS_UNKNOWN && names_cpuset(name, door + strlen(DOOR)))
		o.cpus = CPUS_FIXED;
	r = put_views(&o, door, name, atoi(pid), "");
	if (r == 0)
		waiting_remove(&o, door, name);
	else if (!o.strict)
		waiting_add(&o, door, name, atoi(pid));
	return r;
}

static int stop(const struct options *o, const char *door, const char *name)
{
	if (is_mounts(o))
		return 0;
	waiting_remove(o, door, name);
	forget(o, door, name);
	return 0;
}

static int mount(const struct options *o, const char *door, const char *name)
{
	(void)door;
	(void)name;
	return mount_views(o);
}

static const struct {
	const char *type;
	int (*run)(const struct options *o, const char *door, const char *name);
} hooks[] = {
	{ "mount", mount },
	{ "start-host", start },
	{ "post-stop", stop },
};

static int run(const struct options *o, int argc, char *argv[])
{
	const char *name = getenv("LXC_NAME"), *type = hook_type(argc, argv);
	char door[PATH_MAX + 8];

	if (!name || !*name)
		return refuse(-EINVAL, "LXC_NAME is not set: this is for LXC's hooks to call");
	door_of(door, sizeof(door));
	for (size_t i = 0; i < ARRAY_LEN(hooks); i++)
		if (strcmp(type, hooks[i].type) == 0)
			return hooks[i].run(o, door, name);
	return refuse(-EINVAL, "LXC hook '%s': use it for mount, start-host and post-stop", type);
}

const struct command cmd_lxc = {
	.name = "lxc",
	.args = "[<name> lxc <hook>]",
	.help = "Called by LXC's hooks mount, start-host and post-stop",
	.min_args = 0,
	.max_args = -1,
	.run = run,
	.hook = true,
};
