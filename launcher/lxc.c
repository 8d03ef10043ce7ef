// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * LXC's door: lxc.hook.start-host, when all mounts of the container are made and its init is not
 * yet exec'ed, and lxc.hook.post-stop.
 */
#include <limits.h>

#include "launcher/launch.h"
#include "launcher/liblxc.h"

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

/* Does its config name the cpuset? liblxc itself reads it: it may include others. */
static bool names_cpuset(const char *name, const char *lxcpath)
{
	static const char *const keys[] = { "lxc.cgroup.cpuset.cpus", "lxc.cgroup2.cpuset.cpus" };
	const char *config = getenv("LXC_CONFIG_FILE");
	struct lxc_container *c = config ? liblxc_container(name, lxcpath) : NULL;
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

static int start(const struct options *options, const char *door, const char *name)
{
	const char *pid = getenv("LXC_PID");
	struct options o = *options;

	if (!pid || atoi(pid) < 1)
		return refuse(-EINVAL, "LXC_PID is not set: this is for lxc.hook.start-host");
	if (o.cpus == CPUS_UNKNOWN && names_cpuset(name, door + strlen(DOOR)))
		o.cpus = CPUS_FIXED;
	return put_views(&o, door, name, atoi(pid), "");
}

static int stop(const struct options *o, const char *door, const char *name)
{
	forget(o, door, name);
	return 0;
}

static int run(const struct options *o, int argc, char *argv[])
{
	const char *name = getenv("LXC_NAME"), *type = hook_type(argc, argv);
	char door[PATH_MAX + 8];

	if (!name || !*name)
		return refuse(-EINVAL, "LXC_NAME is not set: this is for LXC's hooks to call");
	door_of(door, sizeof(door));
	if (strcmp(type, "start-host") == 0)
		return start(o, door, name);
	if (strcmp(type, "post-stop") == 0)
		return stop(o, door, name);
	return refuse(-EINVAL, "LXC hook '%s': use it for start-host and post-stop", type);
}

const struct command cmd_lxc = {
	.name = "lxc",
	.args = "[<name> lxc <hook>]",
	.help = "Called by LXC's hooks start-host and post-stop",
	.min_args = 0,
	.max_args = -1,
	.run = run,
	.hook = true,
};
