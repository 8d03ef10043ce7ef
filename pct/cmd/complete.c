// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct complete: what a shell offers on TAB; packaging/completion asks it.
 */
#include "pct/cli/complete.h"
#include "pct/cli/args.h"

static int run(const struct args *a)
{
	/* A message of ours would be in the middle of what the user types. */
	say_limit = (enum say_level)0;
	return complete(a->argc, (char *const *)a->argv, stdout);
}

const struct command cmd_complete = {
	.name = "complete",
	.args = "-- <words>",
	.help = "Print what may follow the words of a command line, a line each",
	.min_args = 1,
	.max_args = -1,
	.passes = true,
	.hidden = true,
	.run = run,
};
