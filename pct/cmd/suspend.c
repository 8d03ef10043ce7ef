// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct suspend, pct resume: all processes of a container stand still, and go on.
 */
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"

/* The lock is held when this returns 0. */
static int begin(const struct args *a, const char *what, struct lock *lock)
{
	CLEANUP(config_free) struct config c = { 0 };
	int r = lock_take(a->vmid, 10, lock);

	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r == 0)
		r = conf_check_lock(a->vmid, &c, what);
	if (r == 0 && !ct_running(a->vmid))
		r = refuse(-ESRCH, "CT %u does not run", a->vmid);
	return r;
}

static int suspend(const struct args *a)
{
	auto_lock lock = LOCK_NONE;
	int r = begin(a, "suspend", &lock);

	if (r < 0)
		return r;
	if (cgroups_frozen(a->vmid))
		return refuse(-EALREADY, "CT %u is frozen already; 'pct resume %u' has it go on",
			      a->vmid, a->vmid);
	r = cgroups_freeze(a->vmid);
	return r < 0 ? fail(r, "freeze CT %u", a->vmid) : 0;
}

static int resume(const struct args *a)
{
	auto_lock lock = LOCK_NONE;
	int r = begin(a, "resume", &lock);

	if (r < 0)
		return r;
	if (!cgroups_frozen(a->vmid))
		return refuse(-EALREADY, "CT %u is not frozen", a->vmid);
	r = cgroups_thaw(a->vmid);
	return r < 0 ? fail(r, "thaw CT %u", a->vmid) : 0;
}

const struct command cmd_suspend = {
	.name = "suspend",
	.args = "<vmid>",
	.help = "Freeze a container: it stays in memory, and stands still",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.needs_root = true,
	.run = suspend,
};

const struct command cmd_resume = {
	.name = "resume",
	.args = "<vmid>",
	.help = "Have a frozen container go on",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.needs_root = true,
	.run = resume,
};
