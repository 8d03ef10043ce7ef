// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct stop: kill a container, and return when nothing of it is left running.
 */
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/net/net.h"

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	int r;

	r = lock_take(a->vmid, 10, &lock);
	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r == 0)
		r = conf_check_lock(a->vmid, &c, "stop");
	if (r < 0)
		return r;
	lock_set_stopped(&lock, true);
	if (!ct_running(a->vmid)) {
		/* What a killed monitor left. */
		cgroups_clean(a->vmid);
		net_clean(a->vmid);
		return refuse(-ESRCH, "CT %u does not run", a->vmid);
	}
	r = ct_stop(a->vmid);
	if (r == 0) {
		cgroups_clean(a->vmid);
		net_clean(a->vmid);
	}
	return r;
}

const struct command cmd_stop = {
	.name = "stop",
	.args = "<vmid>",
	.help = "Stop a container at once, as if by its plug",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.wants = WANTS_RUNNING,
	.needs_root = true,
	.run = run,
};
