// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct list: a line for every container of this host, by VMID.
 */
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"

#define ROW "%-10s %-10s %-12s %-20s\n"

static void add(json_object *rows, unsigned vmid, const char *lock, const char *name)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "vmid", json_object_new_int64(vmid));
	json_object_object_add(o, "status", json_object_new_string(ct_state(vmid)));
	if (lock)
		json_object_object_add(o, "lock", json_object_new_string(lock));
	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_array_add(rows, o);
}

static int show(unsigned vmid, json_object *rows)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *id = text_of("%u", vmid);
	auto_free char *fallback = text_of("CT%u", vmid);
	const char *lock, *name;
	int r = conf_load(vmid, &c);

	if (r < 0)
		return r;
	lock = config_get(&c, "lock");
	name = config_get(&c, "hostname");
	name = name ? name : fallback;
	if (rows)
		add(rows, vmid, lock, name);
	else
		printf(ROW, id, ct_state(vmid), lock ? lock : "", name);
	return 0;
}

/* One that cannot be read does not hide the others. */
static int run(const struct args *a)
{
	auto_output rows = args_json(a) ? json_object_new_array() : NULL;
	auto_free unsigned *vmids = NULL;
	size_t n;
	int r = conf_list(&vmids, &n), failed = 0;

	if (r < 0)
		return r;
	if (n && !rows)
		printf(ROW, "VMID", "Status", "Lock", "Name");
	for (size_t i = 0; i < n; i++) {
		r = show(vmids[i], rows);
		if (r < 0 && !(r == -ENOENT && !conf_exists(vmids[i])))
			failed = r;
	}
	if (rows)
		output_json(rows);
	return failed;
}

const struct command cmd_list = {
	.name = "list",
	.args = "",
	.prints = true,
	.help = "List the containers of this host",
	.run = run,
};
