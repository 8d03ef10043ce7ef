// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct status: does it run, and with --verbose what it has and uses.
 */
#include <inttypes.h>

#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/ct/usage.h"

/* What is shown of a key whose value is in MiB: bytes. */
static uint64_t bytes(const struct config *c, const char *key)
{
	int64_t millionths;

	return key_number(c, key, &millionths) < 0 ? 0
						   : (uint64_t)(millionths / NUMBER_SCALE) << 20;
}

/* cores, else cpulimit, else the host's. */
static void show_cpus(const struct config *c)
{
	const char *limit = config_get(c, "cpulimit"), *cores = config_get(c, "cores");
	int64_t n;

	if (cores)
		printf("cpus: %s\n", cores);
	else if (limit && option_number(limit, &n) && n > 0)
		printf("cpus: %s\n", limit);
	else
		printf("cpus: %u\n", usage_host_cpus());
}

static void show_text(const struct config *c, const char *key)
{
	const char *value = config_get(c, key);

	if (value)
		printf("%s: %s\n", key, value);
}

/* Sorted by name. */
static void show(unsigned vmid, const struct config *c, bool running, const struct usage *u)
{
	const char *name = config_get(c, "hostname");

	show_cpus(c);
	show_text(c, "lock");
	printf("maxmem: %" PRIu64 "\n", bytes(c, "memory"));
	printf("maxswap: %" PRIu64 "\n", bytes(c, "swap"));
	printf("mem: %" PRIu64 "\n", u->memory);
	if (name)
		printf("name: %s\n", name);
	else
		printf("name: CT%u\n", vmid);
	if (u->pid)
		printf("pid: %d\n", (int)u->pid);
	printf("status: %s\n", running ? "running" : "stopped");
	printf("swap: %" PRIu64 "\n", u->swap);
	show_text(c, "tags");
	printf("type: lxc\n"
	       "uptime: %" PRIu64 "\n"
	       "vmid: %u\n",
	       u->uptime, vmid);
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	struct usage u = { 0 };
	bool running;
	int r = conf_load(a->vmid, &c);

	if (r < 0)
		return r;
	running = ct_running(a->vmid);
	if (!args_bool(a, "verbose")) {
		printf("status: %s\n", running ? "running" : "stopped");
		return 0;
	}
	if (running) {
		r = usage_read(a->vmid, &u);
		if (r < 0 && r != -ESRCH)
			return r;
		running = r == 0;
	}
	show(a->vmid, &c, running, &u);
	return 0;
}

static const struct option options[] = {
	{ "verbose", OPTION_BOOL, .help = "all that is known, sorted: limits, use, pid, uptime" },
};

const struct command cmd_status = {
	.name = "status",
	.args = "<vmid>",
	.help = "Show whether a container runs",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
