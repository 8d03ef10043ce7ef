// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct fsck: check the file systems of a container that is stopped, and repair what can be repaired
 * without asking.
 */
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/disk/disk.h"
#include "pct/paths.h"
#include "pct/storage/fs.h"

static bool is_image(const struct disk *d)
{
	struct volume_info is;

	return d->on_storage && volume_info(&d->volume, &is) == 0 && is.format == VOLUME_IMAGE;
}

static int check(const struct args *a, const struct disk *d)
{
	auto_free char *what = disk_name(a->vmid, d), *path = NULL;
	int r = volume_where(&d->volume, NULL, &path);

	if (r == 0)
		r = disk_is_used(path);
	if (r < 0)
		return r;
	if (r > 0)
		return refuse(-EBUSY, "%s is mounted; stop the container, or 'pct unmount %u'",
			      what, a->vmid);
	printf("%s: %s\n", d->key, path);
	return fs_check(path, args_bool(a, "force"), what);
}

static int check_some(const struct args *a, const struct config *c)
{
	const char *only = args_value(a, "device");
	auto_disks disks = DISKS_NONE;
	int failed = disks_read(a->vmid, c, &disks);

	for (size_t i = 0; i < disks.n; i++) {
		const struct disk *d = &disks.all[i];
		int r = 0;

		if (only && strcmp(d->key, only) != 0)
			continue;
		if (is_image(d))
			r = check(a, d);
		else if (only)
			r = refuse(-EINVAL,
				   "CT %u: its %s is no image: its file system is the host's",
				   a->vmid, only);
		if (r < 0)
			failed = r;
	}
	return failed;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	const char *only = args_value(a, "device");
	auto_lock lock = LOCK_NONE;
	int r = lock_take(a->vmid, 10, &lock);

	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r < 0)
		return r;
	if (ct_running(a->vmid))
		return refuse(-EBUSY, "CT %u runs; 'pct stop %u' first", a->vmid, a->vmid);
	if (only && !config_get(&c, only))
		return refuse(-ENOENT, "CT %u has no %s; 'pct config %u' shows what it has",
			      a->vmid, only, a->vmid);
	return check_some(a, &c);
}

static const struct option options[] = {
	{ "device", OPTION_TEXT, .min = 1, .max = 16, .form = form_disk, .value = "rootfs|mp<n>",
	  .help = "only that one" },
	{ "force", OPTION_BOOL, .help = "also what says of itself that it is clean" },
};

const struct command cmd_fsck = {
	.name = "fsck",
	.args = "<vmid>",
	.help = "Check the file systems of a stopped container",
	.more = "Those in images and on block devices. What can be repaired without asking is; "
		"xfs and btrfs are only looked at.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.wants = WANTS_STOPPED,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
