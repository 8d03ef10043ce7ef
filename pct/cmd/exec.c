// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct exec: run a command in a container, as its root, on our own terminal or pipes.
 */
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"

static int run(const struct args *a)
{
	if (!conf_exists(a->vmid))
		return refuse(-ENOENT, "CT %u does not exist; 'pct list' shows those that do",
			      a->vmid);
	if (!ct_running(a->vmid))
		return refuse(-ESRCH, "CT %u does not run; 'pct start %u' starts it", a->vmid,
			      a->vmid);
	/* Whoever enters would stand still with it. */
	if (cgroups_frozen(a->vmid))
		return refuse(-EAGAIN, "CT %u is frozen; 'pct resume %u' has it go on", a->vmid,
			      a->vmid);
	return ct_exec(a->vmid, a->argv);
}

const struct command cmd_exec = {
	.name = "exec",
	.args = "<vmid> -- <command>",
	.help = "Run a command in a running container",
	.min_args = 2,
	.max_args = -1,
	.vmid = true,
	.passes = true,
	.needs_root = true,
	.run = run,
};
