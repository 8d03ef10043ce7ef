// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct fstrim: what a container has freed is free on its storage, too.
 *
 * Nothing is locked meanwhile: a trim takes away nothing that anybody has, and a volume that is
 * destroyed is destroyed when the trim is done with it.
 */
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/cli/size.h"
#include "pct/conf/store.h"
#include "pct/disk/disk.h"
#include "pct/storage/fs.h"

static int trim(unsigned vmid, const struct disk *d, uint64_t *bytes)
{
	auto_fd tree = -EBADF, root = -EBADF;
	int r = disk_mount(d, 0, &tree);

	if (r < 0)
		return r;
	r = disk_open_root(tree, &root);
	if (r == 0)
		r = fs_trim(root, bytes);
	if (r == -EOPNOTSUPP)
		return refuse(r, "CT %u: its %s is on storage '%s', which has no use for it", vmid,
			      d->key, d->volume.storage->id);
	return r < 0 ? fail(r, "CT %u: trim its %s", vmid, d->key) : 0;
}

/* Directories have nothing that is their own to be trimmed: their file system is the host's. */
static bool is_image(const struct disk *d)
{
	struct volume_info is;

	return d->on_storage && volume_info(&d->volume, &is) == 0 && is.format == VOLUME_IMAGE;
}

static bool is_wanted(const struct args *a, const struct disk *d)
{
	if (args_bool(a, "ignore-mountpoints") && strcmp(d->key, "rootfs") != 0)
		return false;
	return is_image(d) && !properties_bool(&d->is, "ro");
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_disks disks = DISKS_NONE;
	auto_output o = json_object_new_object();
	int r = conf_load(a->vmid, &c), failed;

	if (r < 0)
		return r;
	failed = disks_read(a->vmid, &c, &disks);
	for (size_t i = 0; i < disks.n; i++) {
		const struct disk *d = &disks.all[i];
		uint64_t bytes = 0;
		char text[SIZE_TEXT];

		if (!is_wanted(a, d))
			continue;
		r = trim(a->vmid, d, &bytes);
		if (r < 0) {
			failed = r;
			continue;
		}
		size_short(bytes, text);
		json_object_object_add(o, d->key, json_object_new_uint64(bytes));
		if (!args_json(a))
			printf("%s: %s trimmed\n", d->key, text);
	}
	if (args_json(a))
		output_json(o);
	return failed;
}

static const struct option options[] = {
	{ "ignore-mountpoints", OPTION_BOOL, .help = "its rootfs only" },
};

const struct command cmd_fstrim = {
	.name = "fstrim",
	.args = "<vmid>",
	.help = "Give what is free in a container's volumes back to their storage",
	.more = "Of images and block devices: a directory takes no more than what is in it. The "
		"container may run.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.prints = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
