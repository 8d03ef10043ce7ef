// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct rollback: a container as it was when a snapshot was taken, with its volumes and its conf.
 */
#include "pct/cli/args.h"
#include "pct/ct/end.h"
#include "pct/ct/host.h"
#include "pct/ct/start.h"
#include "pct/interrupt.h"
#include "pct/net/net.h"
#include "pct/snap/snap.h"

/* Not before it is known that there is something to go back to. */
static int stop(unsigned vmid, const struct lock *lock)
{
	auto_running running = RUNNING_NONE;
	int r = ct_find(vmid, &running);

	if (r == 0)
		r = ct_kill(vmid, &running);
	else if (r == -ESRCH)
		r = 0;
	if (r < 0)
		return r;
	lock_set_stopped(lock, true);
	ct_settle(vmid);
	cgroups_clean(vmid);
	net_clean(vmid);
	return 0;
}

static int go_back(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	const char *name = a->argv[0];
	int r = lock_take(a->vmid, 10, &lock);

	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r == 0)
		r = snap_can_rollback(a->vmid, &c, name);
	if (r < 0)
		return r;
	interrupt_catch();
	r = stop(a->vmid, &lock);
	if (r == 0)
		r = snap_mend(a->vmid, &c);
	if (r >= 0)
		r = conf_check_lock(a->vmid, &c, "roll back");
	return r < 0 ? r : snap_rollback(a->vmid, &c, name);
}

static int run(const struct args *a)
{
	int r = go_back(a);

	return r == 0 && args_bool(a, "start") ? start_container(a->vmid, 0) : r;
}

static const struct option options[] = {
	{ "start", OPTION_BOOL, .help = "start it then" },
};

const struct command cmd_rollback = {
	.name = "rollback",
	.args = "<vmid> <snapshot>",
	.help = "Have a container as it was at a snapshot",
	.more =
	    "If it runs it is stopped. What it has now is lost: take a snapshot of that before. A "
	    "volume that it had not got then is kept as an unused one; its description stays.\n",
	.min_args = 2,
	.max_args = 2,
	.vmid = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
