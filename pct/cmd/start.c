// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct start: from the conf to a running init, which sees its own machine from its first moment.
 */
#include "pct/ct/start.h"
#include <sys/stat.h>

#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"
#include "pct/ct/cores.h"
#include "pct/ct/host.h"
#include "pct/ct/idmap.h"
#include "pct/ct/live.h"
#include "pct/ct/lxc.h"
#include "pct/ct/pctfs.h"
#include "pct/ct/subid.h"
#include "pct/net/net.h"
#include "pct/paths.h"

#define REBOOT_PATIENCE 600 /* s: nobody is there to say it again */

/*
 * Its root, who may be another user since its lxc.idmap lines were changed, has to get to its
 * volumes, and is to own them.
 */
static int let_through(unsigned vmid, unsigned owner, const char *rootfs, const struct idmap *ids)
{
	auto_free char *images = path_to("var/lib/pct/images/%u", owner);
	uint32_t user = idmap_outside(ids, 'u', 0), group = idmap_outside(ids, 'g', 0);
	struct stat st;
	int r = start_reachable(vmid, images);

	if (r < 0)
		return r;
	if (user == IDMAP_NONE || group == IDMAP_NONE)
		return refuse(-EINVAL, "CT %u: its lxc.idmap lines give it no root, id 0", vmid);
	if (stat(images, &st) < 0 || (st.st_gid != group && chown(images, 0, group) < 0) ||
	    chmod(images, 0710) < 0)
		return fail(-errno, "give CT %u its directory '%s'", vmid, images);
	if (stat(rootfs, &st) == 0 && st.st_uid != user)
		warn(0,
		     "CT %u: its files belong to user %u of the host, but its root is %u; change "
		     "their owners, or its lxc.idmap lines",
		     vmid, st.st_uid, user);
	return 0;
}

/* What an unprivileged one needs of the host. */
static int prepare_ids(unsigned vmid, const struct config *c)
{
	auto_free struct idmap *ids = calloc(1, sizeof(*ids));
	auto_free char *rootfs = NULL;
	unsigned owner;
	int r = ids ? idmap_read(c, ids) : -ENOMEM;

	if (r < 0)
		return refuse(r,
			      "CT %u: its lxc.idmap lines cannot be used: each is like "
			      "'u 0 100000 65536'",
			      vmid);
	if (ids->n == 0)
		return 0;
	if (volume_path(key_value(c, "rootfs"), &rootfs, &owner) == 0)
		r = let_through(vmid, owner, rootfs, ids);
	return r < 0 ? r : subids_reserve(ids);
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

/* Its bridges and interfaces; the conf is saved if that gave it a MAC address. */
static int prepare_net(unsigned vmid, struct config *c)
{
	bool changed = false;
	int r = net_prepare(vmid, c, &changed);

	return r == 0 && changed ? conf_save(vmid, c) : r;
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
		r = prepare_net(vmid, &c);
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
	if (r < 0 && !ct_running(vmid)) {
		cgroups_clean(vmid);
		net_clean(vmid);
	}
	/* It has its CPUs, but others may start just now, or be in its way. */
	if (r == 0 && cores_limited(&c))
		(void)cores_balance(vmid, 0);
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
