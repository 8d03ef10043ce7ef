// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct shutdown: ask a container's init to halt, and wait for it.
 */
#include "pct/cli/args.h"
#include "pct/ct/stop.h"

static int run(const struct args *a)
{
	const char *timeout = args_value(a, "timeout");
	auto_lock lock = LOCK_NONE;

	return shutdown_container(a->vmid, timeout ? atoi(timeout) : SHUTDOWN_S,
				  args_bool(a, "forceStop") ? SHUTDOWN_FORCE : 0, &lock);
}

static const struct option options[] = {
	{ "forceStop", OPTION_BOOL, .help = "stop it when its time is over" },
	{ "timeout", OPTION_INT, .min = 0, .max = 86400, .value = "<seconds>",
	  .help = "how long it may take; 60 if not given" },
};

const struct command cmd_shutdown = {
	.name = "shutdown",
	.args = "<vmid>",
	.help = "Shut a container down in good order",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
