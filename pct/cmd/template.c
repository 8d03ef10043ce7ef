// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct template: a container that is only there to be cloned.
 */
#include "pct/snap/template.h"
#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/interrupt.h"
#include "pct/snap/snap.h"

static int check(unsigned vmid, const struct config *c)
{
	if (key_bool(c, "template"))
		return refuse(-EALREADY, "CT %u is a template already", vmid);
	if (ct_running(vmid))
		return refuse(-EBUSY, "CT %u runs: 'pct stop %u' first", vmid, vmid);
	for (size_t i = 1; i < c->n; i++)
		if (snap_is(&c->sections[i]))
			return refuse(-EBUSY,
				      "CT %u has snapshots, and a template has none: 'pct "
				      "delsnapshot %u %s' first",
				      vmid, vmid, c->sections[i].name);
	return 0;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	const char *locked;
	int r = lock_take(a->vmid, 10, &lock);

	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r == 0)
		r = snap_mend(a->vmid, &c);
	if (r < 0)
		return r;
	locked = config_get(&c, "lock");
	r = locked && strcmp(locked, "disk") == 0
		? 0
		: conf_check_lock(a->vmid, &c, "make a template of");
	if (r == 0)
		r = check(a->vmid, &c);
	if (r < 0)
		return r;
	interrupt_catch();
	return template_make(a->vmid, &c);
}

const struct command cmd_template = {
	.name = "template",
	.args = "<vmid>",
	.help = "Have a container only to be cloned",
	.more =
	    "It cannot start, and its files do not change any more; 'pct clone' of it is there at "
	    "once where its storage has linked clones.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.wants = WANTS_STOPPED,
	.needs_root = true,
	.run = run,
};
