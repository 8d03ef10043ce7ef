// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct reboot: shut a container down, stop it if that takes too long, and start it from its conf:
 * what was pending is so then.
 */
#include "pct/cli/args.h"
#include "pct/ct/start.h"
#include "pct/ct/stop.h"

static int run(const struct args *a)
{
	const char *timeout = args_value(a, "timeout");
	auto_lock lock = LOCK_NONE;
	int r = shutdown_container(a->vmid, timeout ? atoi(timeout) : SHUTDOWN_S,
				   SHUTDOWN_AGAIN | SHUTDOWN_FORCE, &lock);

	return r < 0 ? r : start_container(a->vmid, START_REBOOT);
}

static const struct option options[] = {
	{ "timeout", OPTION_INT, .min = 0, .max = 86400, .value = "<seconds>",
	  .help = "how long its shutdown may take; 60 if not given" },
};

const struct command cmd_reboot = {
	.name = "reboot",
	.args = "<vmid>",
	.help = "Shut a container down and start it anew",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
