// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct mount, pct unmount: a stopped container's files, for the host's root to work on.
 */
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/ct/volumes.h"
#include "pct/disk/mounted.h"

static int begin(unsigned vmid, struct config *c)
{
	int r = config_set(c, "lock", "mounted");

	if (r < 0)
		return fail(r, "lock CT %u", vmid);
	r = conf_save(vmid, c);
	if (r == 0)
		r = mounted_begin(vmid, c);
	if (r == 0)
		return 0;
	config_unset(c, "lock");
	(void)conf_save(vmid, c);
	return r;
}

static int run_mount(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *path = ct_rootfs_path(a->vmid);
	auto_lock lock = LOCK_NONE;
	int r = lock_take(a->vmid, 10, &lock);

	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r == 0)
		r = conf_check_lock(a->vmid, &c, "mount");
	if (r < 0)
		return r;
	if (ct_running(a->vmid))
		return refuse(-EBUSY,
			      "CT %u runs: its files are in /proc/PID/root, with the 'pid' of 'pct "
			      "status %u --verbose'; or use 'pct push' and 'pct pull'",
			      a->vmid, a->vmid);
	r = begin(a->vmid, &c);
	if (r == 0)
		printf("mounted CT %u in '%s'\n", a->vmid, path);
	return r;
}

static int run_unmount(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	const char *was;
	int r = lock_take(a->vmid, 10, &lock);

	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r < 0)
		return r;
	was = config_get(&c, "lock");
	if (!was || strcmp(was, "mounted") != 0)
		return refuse(-ENOENT, "CT %u is not mounted", a->vmid);
	r = mounted_end(a->vmid, args_bool(a, "force"));
	if (r < 0)
		return r;
	config_unset(&c, "lock");
	return conf_save(a->vmid, &c);
}

const struct command cmd_mount = {
	.name = "mount",
	.args = "<vmid>",
	.help = "Mount a stopped container's files on the host",
	.more =
	    "In var/lib/pct/lxc/<vmid>/rootfs, for the host's root alone, until 'pct unmount' or "
	    "'pct start'. Owners are as the container sees them: what root makes there is its "
	    "root's. Devices and setuid programs have no effect.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.wants = WANTS_STOPPED,
	.needs_root = true,
	.run = run_mount,
};

static const struct option options[] = {
	{ "force", OPTION_BOOL, .help = "also what is used: once it is not any more" },
};

const struct command cmd_unmount = {
	.name = "unmount",
	.args = "<vmid>",
	.help = "Take off what 'pct mount' has mounted",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.wants = WANTS_STOPPED,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run_unmount,
};
