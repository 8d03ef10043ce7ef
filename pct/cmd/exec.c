// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct exec: run a command in a container, as its root, on our own terminal or pipes.
 */
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"

static int run(const struct args *a)
{
	if (!conf_exists(a->vmid))
		return refuse(-ENOENT, "CT %u does not exist; 'pct list' shows those that do",
			      a->vmid);
	if (!ct_running(a->vmid))
		return refuse(-ESRCH, "CT %u does not run; 'pct start %u' starts it", a->vmid,
			      a->vmid);
	return ct_exec(a->vmid, a->argv);
}

const struct command cmd_exec = {
	.name = "exec",
	.args = "<vmid> -- <command>",
	.help = "Run a command in a running container",
	.more =
	    "Its stdin, stdout and stderr are pct's own, and so is its exit status. What follows "
	    "the VMID is the command's, options too: 'pct exec 100 -- ls -la'.\n",
	.min_args = 2,
	.max_args = -1,
	.vmid = true,
	.wants = WANTS_RUNNING,
	.passes = true,
	.needs_root = true,
	.run = run,
};
