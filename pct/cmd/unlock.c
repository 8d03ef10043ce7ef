// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct unlock: take away the mark of a long operation that will never end.
 */
#include "pct/backup/guard.h"
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/disk/mounted.h"
#include "pct/snap/snap.h"

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	const char *was;
	int mended = guard_settle(a->vmid), r = mended;

	if (r >= 0)
		r = lock_take(a->vmid, 10, &lock);
	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r < 0)
		return r;
	was = config_get(&c, "lock");
	if (!was)
		return mended ? 0 : refuse(-ENOENT, "CT %u is not locked", a->vmid);
	r = snap_mend(a->vmid, &c);
	if (r != 0)
		return r < 0 ? r : 0;
	if (strcmp(was, "create") == 0 || strcmp(was, "destroyed") == 0)
		warn(0, "CT %u was locked for '%s': its files may not be whole", a->vmid, was);
	/* What is mounted would be in the way of the next start. */
	r = mounted_settle(a->vmid, &c);
	if (r < 0)
		return r;
	config_unset(&c, "lock");
	return conf_save(a->vmid, &c);
}

const struct command cmd_unlock = {
	.name = "unlock",
	.args = "<vmid>",
	.help = "Take away the lock of an operation that was interrupted",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.needs_root = true,
	.run = run,
};
