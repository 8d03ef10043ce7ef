// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct start: from the conf to a running init, which sees its own machine from its first moment.
 */
#include "pct/ct/start.h"
#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"
#include "pct/ct/host.h"
#include "pct/ct/live.h"
#include "pct/ct/lxc.h"
#include "pct/ct/pctfs.h"
#include "pct/ct/subid.h"
#include "pct/paths.h"

#define REBOOT_PATIENCE 600 /* s: nobody is there to say it again */

/* What an unprivileged one needs of the host. */
static int prepare_ids(unsigned vmid, const struct config *c)
{
	auto_free char *rootfs = NULL;
	unsigned owner;

	if (!key_bool(c, "unprivileged"))
		return 0;
	if (volume_path(key_value(c, "rootfs"), &rootfs, &owner) == 0) {
		auto_free char *images = path_to("var/lib/pct/images/%u", owner);
		int r = start_reachable(vmid, images);

		if (r < 0)
			return r;
	}
	return subids_reserve();
}

/* What waited for this start. */
static int take_pending(unsigned vmid, struct config *c)
{
	int r = 0;

	if (!config_section(c, PENDING))
		return 0;
	r = change_take_all(c);
	return r < 0 ? r : conf_save(vmid, c);
}

int start_container(unsigned vmid, bool rebooted)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	int r;

	r = lock_take(vmid, rebooted ? REBOOT_PATIENCE : 10, &lock);
	if (r == 0)
		r = conf_load(vmid, &c);
	if (r == 0)
		r = conf_check_lock(vmid, &c, "start");
	if (r < 0)
		return r;
	if (rebooted && lock_is_stopped(&lock)) {
		info("CT %u was stopped while it rebooted", vmid);
		return 0;
	}
	if (ct_running(vmid))
		return refuse(-EALREADY, "CT %u already runs", vmid);
	lock_set_stopped(&lock, false);
	r = take_pending(vmid, &c);
	if (r == 0)
		r = start_prepare(vmid, &c);
	if (r == 0)
		r = prepare_ids(vmid, &c);
	if (r == 0)
		r = pctfs_ensure();
	if (r < 0)
		return r;
	cgroups_clean(vmid);
	r = ct_start(vmid);
	if (r < 0 && !ct_running(vmid))
		cgroups_clean(vmid);
	return r;
}

static int run(const struct args *a)
{
	return start_container(a->vmid, false);
}

const struct command cmd_start = {
	.name = "start",
	.args = "<vmid>",
	.help = "Start a container",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.wants = WANTS_STOPPED,
	.needs_root = true,
	.run = run,
};
