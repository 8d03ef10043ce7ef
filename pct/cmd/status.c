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

/* Hundredths, as "1.23". */
static void add_share(json_object *o, const char *key, unsigned hundredths)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%02u", hundredths / 100, hundredths % 100);
	json_object_object_add(o, key, json_object_new_double_s(hundredths / 100.0, text));
}

/* Where the kernel accounts none there are no lines. */
static void add_stalls(json_object *o, const struct usage *u)
{
	static const struct {
		enum cgv_pressure of;
		const char *full, *some;
	} lines[] = {
		{ CGV_PSI_CPU, "pressurecpufull", "pressurecpusome" },
		{ CGV_PSI_IO, "pressureiofull", "pressureiosome" },
		{ CGV_PSI_MEMORY, "pressurememoryfull", "pressurememorysome" },
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const struct stall *s = &u->stall[lines[i].of];

		if (!s->known)
			continue;
		add_share(o, lines[i].full, s->full);
		add_share(o, lines[i].some, s->some);
	}
}

/*
 * What is used of its disk is known where that is a file system of its own: elsewhere it would be
 * what the whole host uses, and there is no line.
 */
static void add_disk(json_object *o, const struct config *c, const struct usage *u)
{
	struct disk d;

	usage_disk(c, u->pid, &d);
	if (d.own)
		add_number(o, "disk", d.used);
	add_number(o, "diskread", u->read);
	add_number(o, "diskwrite", u->write);
	add_text(o, c, "lock");
	if (d.size)
		add_number(o, "maxdisk", d.size);
}

static void add_template(json_object *o, const struct config *c)
{
	if (key_bool(c, "template"))
		add_number(o, "template", 1);
}

/* Sorted by name. */
static void add_all(json_object *o, unsigned vmid, const struct config *c, const struct usage *u,
		    const char *status)
{
	auto_free char *fallback = text_of("CT%u", vmid);
	const char *name = config_get(c, "hostname");

	add_cpus(o, c);
	add_disk(o, c, u);
	add_number(o, "maxmem", bytes(c, "memory"));
	add_number(o, "maxswap", bytes(c, "swap"));
	add_number(o, "mem", u->memory);
	json_object_object_add(o, "name", json_object_new_string(name ? name : fallback));
	add_number(o, "netin", u->in);
	add_number(o, "netout", u->out);
	if (u->pid)
		add_number(o, "pid", (uint64_t)u->pid);
	add_stalls(o, u);
	json_object_object_add(o, "status", json_object_new_string(status));
	add_number(o, "swap", u->swap);
	add_text(o, c, "tags");
	add_template(o, c);
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
	if (running && args_bool(a, "verbose")) {
		r = usage_read(a->vmid, &c, &u);
		if (r < 0 && r != -ESRCH)
			return r;
		running = r == 0;
	}
	if (args_bool(a, "verbose"))
		add_all(o, a->vmid, &c, &u, running ? ct_state(a->vmid) : "stopped");
	else
		json_object_object_add(o, "status", json_object_new_string(ct_state(a->vmid)));
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
