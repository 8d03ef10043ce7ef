// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct start: from the conf to a running init, which sees its own machine from its first moment.
 */
#include "pct/ct/start.h"

#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"
#include "pct/ct/cores.h"
#include "pct/ct/end.h"
#include "pct/ct/hookscript.h"
#include "pct/ct/host.h"
#include "pct/ct/idmap.h"
#include "pct/ct/live.h"
#include "pct/ct/lxc.h"
#include "pct/ct/pctfs.h"
#include "pct/ct/rootfs.h"
#include "pct/ct/stop.h"
#include "pct/ct/subid.h"
#include "pct/ct/volumes.h"
#include "pct/disk/mounted.h"
#include "pct/net/net.h"
#include "pct/paths.h"
#include "pct/snap/snap.h"

#define REBOOT_PATIENCE 600 /* s: nobody is there to say it again */

/* What an unprivileged one needs of the host. */
static int prepare_ids(unsigned vmid, const struct config *c)
{
	auto_free struct idmap *ids = calloc(1, sizeof(*ids));
	auto_free char *rootfs = ct_rootfs_path(vmid);
	int r = ids ? idmap_read(c, ids) : -ENOMEM;

	if (r < 0)
		return refuse(r,
			      "CT %u: its lxc.idmap lines cannot be used: each is like "
			      "'u 0 100000 65536'",
			      vmid);
	if (ids->n == 0)
		return 0;
	if (idmap_outside(ids, 'u', 0) == IDMAP_NONE || idmap_outside(ids, 'g', 0) == IDMAP_NONE)
		return refuse(-EINVAL, "CT %u: its lxc.idmap lines give it no root, id 0", vmid);
	r = start_reachable(vmid, rootfs);
	return r < 0 ? r : subids_reserve(ids);
}

/* What waited for this start. */
static int take_pending(unsigned vmid, struct config *c)
{
	int r = 0;

	if (!config_section(c, PENDING))
		return 0;
	r = change_make_all(vmid, c);
	return r < 0 ? r : conf_save(vmid, c);
}

/* Its bridges and interfaces; the conf is saved if that gave it a MAC address. */
static int prepare_net(unsigned vmid, struct config *c)
{
	bool changed = false;
	int r = net_prepare(vmid, c, &changed);

	return r == 0 && changed ? conf_save(vmid, c) : r;
}

/* Is it to start, now that the lock is ours? 0, 1: no, and that is right; else said. */
static int to_start(unsigned vmid, unsigned how, const struct lock *lock)
{
	int r;

	if (how & (START_REBOOT | START_REBOOTED) && lock_is_stopped(lock)) {
		info("CT %u was stopped while it rebooted", vmid);
		return how & START_REBOOT ? -ECANCELED : 1;
	}
	if (how & START_REBOOTED && lock_is_ending(lock)) {
		info("CT %u was shut down while it rebooted", vmid);
		return 1;
	}
	if (!ct_running(vmid))
		return 0;
	if (how & (START_REBOOT | START_REBOOTED))
		return 1;
	r = ct_await_start(vmid);
	return r > 0 ? refuse(-EALREADY, "CT %u already runs", vmid) : r;
}

static int prepare(unsigned vmid, unsigned how, struct config *c, const struct lock *lock)
{
	int r;

	if (key_bool(c, "template"))
		return refuse(-EPERM, "CT %u is a template: it cannot start, it can be cloned",
			      vmid);
	lock_set_stopped(lock, false);
	r = take_pending(vmid, c);
	if (r == 0 && how & START_DEBUG)
		r = config_set(c, "debug", "1"); /* of this start, not of its conf */
	if (r == 0)
		r = prepare_net(vmid, c);
	if (r == 0)
		r = start_check(vmid, c);
	if (r == 0)
		r = prepare_ids(vmid, c);
	if (r == 0)
		r = hookscript_run(vmid, c, "pre-start");
	return r < 0 ? r : pctfs_ensure();
}

int start_container(unsigned vmid, unsigned how)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	int r;

	r = lock_take(vmid, how & START_REBOOTED ? REBOOT_PATIENCE : 10, &lock);
	if (r == 0)
		r = conf_load(vmid, &c);
	if (r == 0 && config_get(&c, "lock") && !ct_running(vmid))
		r = snap_mend(vmid, &c);
	if (r >= 0)
		r = mounted_settle(vmid, &c);
	if (r >= 0 && !(how & START_SKIPLOCK))
		r = check_locked(vmid, &c, "start");
	if (r >= 0)
		r = to_start(vmid, how, &lock);
	if (r != 0)
		return r < 0 ? r : 0;
	r = prepare(vmid, how, &c, &lock);
	if (r < 0)
		return r;
	ct_settle(vmid);
	cgroups_clean(vmid);
	r = rootfs_start(vmid, &c, how & START_DEBUG);
	if (r < 0 && !ct_running(vmid)) {
		(void)cgroups_leave_monitor();
		ct_settle(vmid);
		cgroups_clean(vmid);
		net_clean(vmid);
	}
	/* It has its CPUs, but others may start just now, or be in its way. */
	if (r == 0 && cores_limited(&c))
		(void)cores_balance(vmid, 0);
	if (r == 0 && key_value(&c, "hookscript")) {
		(void)cgroups_leave_monitor();
		(void)hookscript_run(vmid, &c, "post-start");
	}
	return r;
}

static int run(const struct args *a)
{
	return start_container(a->vmid, (args_bool(a, "debug") ? START_DEBUG : 0) |
					    (args_bool(a, "skiplock") ? START_SKIPLOCK : 0));
}

static const struct option options[] = {
	{ "debug", OPTION_BOOL, .help = "show what LXC has to say while it starts" },
	{ "skiplock", OPTION_BOOL, .help = "whatever long operation it is locked for" },
};

const struct command cmd_start = {
	.name = "start",
	.args = "<vmid>",
	.help = "Start a container",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.wants = WANTS_STOPPED,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
