// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct rescan: what is on the storages is in the configs: volumes that nobody names become unused
 * ones of their containers, sizes become what they are.
 */
#include "pct/disk/rescan.h"
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/paths.h"

static int mark_all(struct found_volumes *f)
{
	auto_free unsigned *vmids = NULL;
	size_t n = 0;
	int r = conf_list(&vmids, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		CLEANUP(config_free) struct config c = { 0 };

		/* What it names is not to become somebody else's. */
		r = conf_load(vmids[i], &c);
		if (r == 0)
			found_mark(f, &c);
	}
	return r;
}

static int rescan(const struct args *a, struct found_volumes *f, unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	int r = lock_take(vmid, 10, &lock);

	if (r == 0)
		r = conf_load(vmid, &c);
	if (r == 0)
		r = conf_check_lock(vmid, &c, "rescan");
	if (r < 0)
		return r;
	/* What it has been given since the others were looked at. */
	found_mark(f, &c);
	r = found_apply(f, vmid, &c);
	if (r <= 0 || args_bool(a, "dryrun"))
		return r;
	return conf_save(vmid, &c);
}

/* Left by what was killed, or of a container that is gone. */
static void say_orphans(const struct found_volumes *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->all[i].named && !conf_exists(f->all[i].owner))
			warn(0,
			     "volume '%s:%s' is of CT %u, which is not there: it is kept; remove "
			     "it by hand, or create that CT",
			     f->all[i].storage->id, f->all[i].name, f->all[i].owner);
}

static int run(const struct args *a)
{
	const char *only = args_value(a, "vmid");
	auto_found found = { 0 };
	auto_free unsigned *vmids = NULL;
	unsigned one = 0;
	size_t n = 0;
	int r, failed;

	if (only && !vmid_parse(only, &one))
		return refuse(EXIT_USAGE, "rescan: '%s' is no VMID", only);
	/* In this order: one that is made meanwhile exists before a conf names it. */
	failed = found_read(&found);
	if (failed == -ENOMEM)
		return failed;
	r = mark_all(&found);
	if (r == 0)
		r = conf_list(&vmids, &n);
	if (r < 0)
		return r;
	if (only && !conf_exists(one))
		return refuse(-ENOENT, "there is no CT %u", one);
	for (size_t i = 0; i < n; i++) {
		r = !only || vmids[i] == one ? rescan(a, &found, vmids[i]) : 0;
		failed = r < 0 ? r : failed;
	}
	if (!only)
		say_orphans(&found);
	return failed;
}

static const struct option options[] = {
	{ "dryrun", OPTION_BOOL, .help = "only show what would be changed" },
	{ "vmid", OPTION_TEXT, .min = 3, .max = 9, .value = "<vmid>", .help = "only that one" },
};

const struct command cmd_rescan = {
	.name = "rescan",
	.args = "",
	.help = "Find volumes that no config names, and correct their sizes",
	.more =
	    "A volume that is found becomes unused0, unused1, ... of the container whose number "
	    "it has; 'pct set <vmid> --delete unused0' removes it for good.\n",
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
