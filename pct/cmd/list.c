// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct list: a line for every container of this host, by VMID.
 */
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"

#define ROW "%-10s %-10s %-12s %-20s\n"

static int show(unsigned vmid)
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
	printf(ROW, id, ct_running(vmid) ? "running" : "stopped", lock ? lock : "",
	       name ? name : fallback);
	return 0;
}

/* One that cannot be read does not hide the others. */
static int run(const struct args *a)
{
	auto_free unsigned *vmids = NULL;
	size_t n;
	int r = conf_list(&vmids, &n), failed = 0;

	(void)a;
	if (r < 0)
		return r;
	if (n)
		printf(ROW, "VMID", "Status", "Lock", "Name");
	for (size_t i = 0; i < n; i++) {
		r = show(vmids[i]);
		if (r < 0 && !(r == -ENOENT && !conf_exists(vmids[i])))
			failed = r;
	}
	return failed;
}

const struct command cmd_list = {
	.name = "list",
	.args = "",
	.help = "List the containers of this host",
	.run = run,
};
