// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct autosnap: take the snapshots that are due by their containers' `autosnap`, and remove those
 * that are not to stay. For a timer, several times an hour.
 */
#include "pct/cli/args.h"
#include "pct/interrupt.h"
#include "pct/snap/auto.h"
#include "pct/snap/snap.h"

/* Read once without the lock: most have nothing to do. */
static bool is_due(unsigned vmid, const struct config *c, struct keep *k)
{
	auto_free char *schedule = NULL;

	if (auto_read(c, k, &schedule) < 0)
		return false;
	if (form_schedule(schedule)) {
		warn(0, "CT %u: its schedule of snapshots, '%s', is none: it is %s", vmid, schedule,
		     form_schedule(schedule));
		return false;
	}
	return schedule_due(schedule, auto_last(c), time(NULL));
}

static int take_due(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	struct snap_result did;
	auto_lock lock = LOCK_NONE;
	char name[AUTO_NAME];
	struct keep k;
	int r = lock_take(vmid, 10, &lock);

	if (r == 0)
		r = conf_load(vmid, &c);
	if (r == 0)
		r = snap_mend(vmid, &c);
	if (r >= 0)
		r = conf_check_lock(vmid, &c, "snapshot");
	if (r < 0 || !is_due(vmid, &c, &k))
		return r;
	auto_name(&c, time(NULL), name);
	r = snap_take(vmid, &c, name, NULL, &did);
	return r < 0 ? r : auto_prune(vmid, &c, &k);
}

/* What fails for one is said, and the others have theirs. */
static int run(const struct args *a)
{
	auto_free unsigned *vmids = NULL;
	size_t n = 0;
	int r = conf_list(&vmids, &n), failed = 0;

	(void)a;
	if (r < 0)
		return r;
	interrupt_catch();
	for (size_t i = 0; i < n && !interrupted(); i++) {
		CLEANUP(config_free) struct config c = { 0 };
		struct keep k;

		r = conf_load(vmids[i], &c);
		if (r == 0 && is_due(vmids[i], &c, &k))
			r = take_due(vmids[i]);
		if (r < 0 && failed == 0)
			failed = r;
	}
	return failed;
}

const struct command cmd_autosnap = {
	.name = "autosnap",
	.args = "",
	.help = "Take the snapshots that are due",
	.more =
	    "Of containers that have 'autosnap'; 'pct snapshot <vmid> --schedule daily' sets it. "
	    "pct-autosnap.timer runs this.\n",
	.min_args = 0,
	.max_args = 0,
	.needs_root = true,
	.run = run,
};
