// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct help: the list of commands, one of them with its options, or one of those.
 */
#include "pct/cli/help.h"
#include "pct/cli/args.h"

static int run(const struct args *a)
{
	const struct command *c;
	const struct option *o;
	auto_free char *candidates = NULL;
	int r;

	if (a->argc == 0) {
		help_all(stdout);
		return 0;
	}
	r = command_find(a->argv[0], &c, &candidates);
	if (r < 0) {
		say(SAY_ERR, 0, "help: there is no command '%.40s'; there are %s; see 'pct help'",
		    a->argv[0], candidates ? candidates : "none");
		return EXIT_USAGE;
	}
	if (a->argc == 1) {
		help_command(c, stdout);
		return 0;
	}
	o = help_find(c, a->argv[1]);
	if (!o)
		return refuse(EXIT_USAGE, "help: '%s' has no option '%.40s'; see 'pct help %s'",
			      c->name, a->argv[1], c->name);
	help_option(o, stdout);
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[command [option]]",
	.help = "Say what a command does and which options it has",
	.max_args = 2,
	.run = run,
};
