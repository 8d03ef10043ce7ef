// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct resize: a volume becomes larger, and so does the file system in it, while it is in use.
 *
 * The conf goes last: whatever interrupts this, it can be said again. So "+1G" is meant of the size
 * in the conf.
 */
#include "pct/disk/resize.h"
#include "pct/cli/args.h"
#include "pct/cli/size.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"

static int size_now(const struct disk *d, uint64_t *bytes)
{
	struct volume_info is;

	if (disk_size(d, bytes) == 0)
		return 0;
	if (volume_info(&d->volume, &is) < 0)
		return -EINVAL;
	*bytes = is.bytes;
	return 0;
}

static int wanted(const struct args *a, const struct disk *d, uint64_t *bytes)
{
	bool more;
	uint64_t now = 0;
	int r = size_wanted(a->argv[1], &more, bytes);

	if (r == 0 && more)
		r = size_now(d, &now);
	if (r < 0 || *bytes == 0 || *bytes > INT64_MAX - now)
		return refuse(-EINVAL,
			      "resize: size '%s' should be a size, as 8G, or so much more, "
			      "as +512M",
			      a->argv[1]);
	*bytes += now;
	/* Whole sectors, whatever was asked for. */
	*bytes = (*bytes + 511) & ~511ull;
	return 0;
}

static int resize(const struct args *a, struct config *c)
{
	auto_disk d = DISK_NONE;
	struct volume_info is;
	uint64_t bytes;
	int r = disk_find_own(a->vmid, c, a->argv[0], &d);

	if (r == 0)
		r = wanted(a, &d, &bytes);
	if (r == 0)
		r = disk_resize(a->vmid, &d, bytes);
	if (r < 0)
		return r;
	/* Some storages give a little more. */
	if (volume_info(&d.volume, &is) == 0 && is.bytes)
		bytes = is.bytes;
	if (disk_set_size(&d, bytes) < 0)
		return fail(-ENOMEM, "resize: CT %u", a->vmid);
	return disk_write(a->vmid, c, &d);
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	const char *why = form_disk(a->argv[0]);
	int r;

	if (why)
		return refuse(EXIT_USAGE, "resize: '%s' should be %s", a->argv[0], why);
	r = lock_take(a->vmid, 10, &lock);
	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r == 0)
		r = conf_check_lock(a->vmid, &c, "resize");
	if (r == 0)
		r = conf_check_digest(a->vmid, args_value(a, "digest"));
	if (r == 0)
		r = resize(a, &c);
	return r < 0 ? r : conf_save(a->vmid, &c);
}

static const struct option options[] = {
	{ "digest", OPTION_TEXT, .min = 40, .max = 40, .value = "<sha1>",
	  .help = "only if the config file still has this digest" },
};

const struct command cmd_resize = {
	.name = "resize",
	.args = "<vmid> <disk> <size>",
	.help = "Make a volume larger, with the file system in it",
	.more =
	    "The disk is 'rootfs' or a mount point, as 'mp0'; the size is its new one, as 8G, "
	    "or what it is to have more, as +512M. The container may run.\n"
	    "Directories have a size where their file system has project quotas (ext4 and xfs), "
	    "or on btrfs; that may become smaller, too.\n",
	.min_args = 3,
	.max_args = 3,
	.vmid = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
