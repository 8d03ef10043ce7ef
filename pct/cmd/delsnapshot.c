// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct delsnapshot: remove a snapshot; those that came of it come of the one before.
 */
#include "pct/cli/args.h"
#include "pct/interrupt.h"
#include "pct/snap/snap.h"

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	bool force = args_bool(a, "force");
	int r = lock_take(a->vmid, 10, &lock);

	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r < 0)
		return r;
	interrupt_catch();
	/* What --force is for is there to be forced, not to be mended. */
	if (!force || !snap_find(&c, a->argv[0]))
		r = snap_mend(a->vmid, &c);
	if (r > 0 && !snap_find(&c, a->argv[0]))
		return 0;
	if (r >= 0 && !force)
		r = conf_check_lock(a->vmid, &c, "remove a snapshot of");
	return r < 0 ? r : snap_remove(a->vmid, &c, a->argv[0], force);
}

static const struct option options[] = {
	{ "force", OPTION_BOOL, .help = "also when it is not to be removed from a storage" },
};

const struct command cmd_delsnapshot = {
	.name = "delsnapshot",
	.args = "<vmid> <snapshot>",
	.help = "Remove a snapshot of a container",
	.more = "A volume that nothing else names any more is kept as an unused one.\n",
	.min_args = 2,
	.max_args = 2,
	.vmid = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
