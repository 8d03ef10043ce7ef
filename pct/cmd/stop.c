// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct stop: kill a container, and return when nothing of it is left running.
 */
#include "pct/ct/stop.h"
#include "pct/cli/args.h"

static int run(const struct args *a)
{
	if (args_bool(a, "overrule-shutdown"))
		lock_overrule(a->vmid);
	return stop_container(a->vmid, args_bool(a, "skiplock"));
}

static const struct option options[] = {
	{ "overrule-shutdown", OPTION_BOOL,
	  .help = "a 'pct shutdown' or 'reboot' of it that is under way is given up" },
	{ "skiplock", OPTION_BOOL, .help = "whatever long operation it is locked for" },
};

const struct command cmd_stop = {
	.name = "stop",
	.args = "<vmid>",
	.help = "Stop a container at once, as if by its plug",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.wants = WANTS_RUNNING,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
