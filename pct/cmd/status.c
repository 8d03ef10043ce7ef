// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct status: does it run, and with --verbose what it has and uses.
 */
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/ct/usage.h"
#include "pct/paths.h"

/* What is shown of a key whose value is in MiB: bytes. */
static uint64_t bytes(const struct config *c, const char *key)
{
	int64_t millionths;

	return key_number(c, key, &millionths) < 0 ? 0
						   : (uint64_t)(millionths / NUMBER_SCALE) << 20;
}

static void add_number(json_object *o, const char *key, uint64_t n)
{
	json_object_object_add(o, key, json_object_new_uint64(n));
}

/* cores, else cpulimit, else the host's. */
static void add_cpus(json_object *o, const struct config *c)
{
	const char *limit = config_get(c, "cpulimit"), *cores = config_get(c, "cores");
	int64_t n;

	if (cores)
		output_add(o, "cpus", cores);
	else if (limit && option_number(limit, &n) && n > 0)
		output_add(o, "cpus", limit);
	else
		add_number(o, "cpus", usage_host_cpus());
}

static void add_text(json_object *o, const struct config *c, const char *key)
{
	const char *value = config_get(c, key);

	if (value)
		output_add(o, key, value);
}

/* Sorted by name. */
static void add_all(json_object *o, unsigned vmid, const struct config *c, const struct usage *u)
{
	auto_free char *fallback = text_of("CT%u", vmid);
	const char *name = config_get(c, "hostname");

	add_cpus(o, c);
	add_text(o, c, "lock");
	add_number(o, "maxmem", bytes(c, "memory"));
	add_number(o, "maxswap", bytes(c, "swap"));
	add_number(o, "mem", u->memory);
	json_object_object_add(o, "name", json_object_new_string(name ? name : fallback));
	if (u->pid)
		add_number(o, "pid", (uint64_t)u->pid);
	json_object_object_add(o, "status",
			       json_object_new_string(u->pid ? ct_state(vmid) : "stopped"));
	add_number(o, "swap", u->swap);
	add_text(o, c, "tags");
	json_object_object_add(o, "type", json_object_new_string("lxc"));
	add_number(o, "uptime", u->uptime);
	add_number(o, "vmid", vmid);
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_output o = json_object_new_object();
	struct usage u = { 0 };
	bool running;
	int r = conf_load(a->vmid, &c);

	if (r < 0)
		return r;
	running = ct_running(a->vmid);
	if (args_bool(a, "verbose")) {
		r = running ? usage_read(a->vmid, &u) : 0;
		if (r < 0 && r != -ESRCH)
			return r;
		add_all(o, a->vmid, &c, &u);
	} else {
		json_object_object_add(o, "status", json_object_new_string(ct_state(a->vmid)));
	}
	if (args_json(a))
		output_json(o);
	else
		output_lines(o);
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
	.prints = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
