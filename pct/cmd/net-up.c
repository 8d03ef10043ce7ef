// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct net-up: LXC's hook start-host, called when the container's interfaces are there and its init
 * has not begun to run: rules, rate and bridge are there before it can send anything.
 */
#include "pct/cli/args.h"
#include "pct/net/net.h"

static int run(const struct args *a)
{
	const char *text = getenv("LXC_PID");
	pid_t init = text ? (pid_t)strtol(text, NULL, 10) : 0;

	if (init <= 0)
		return refuse(-EINVAL, "LXC_PID is not set: this is for lxc.hook.start-host; "
				       "'pct start' starts a container");
	return net_up(a->vmid, init);
}

const struct command cmd_net_up = {
	.name = "net-up",
	.args = "<vmid> [LXC's words]",
	.help = "Called by LXC's hook start-host: interfaces are connected",
	.min_args = 1,
	.max_args = 4,
	.vmid = true,
	.hidden = true,
	.needs_root = true,
	.run = run,
};
