// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct help: the list of commands, or one of them with its options.
 */
#include "pct/cli/args.h"
#include "pct/root/template.h"

static void help_all(void)
{
	puts("usage: pct <command> [args] [options]\n");
	for (size_t i = 0; i < n_commands; i++)
		printf("  %-8s %-20s %s\n", commands[i]->name, commands[i]->args,
		       commands[i]->help);
	puts("\nA <vmid> is a number from 100 to 999999999. A <template> is the path of a tar of\n"
	     "a root file system (.tar, .gz, .xz, .zst, .bz2), or one of these:\n");
	for (size_t i = 0; i < n_templates; i++)
		printf("  %-24s %s\n", templates[i].name, templates[i].help);
	puts("\nCommands and options may be shortened while it is clear which is meant.\n"
	     "Everything pct keeps lies below $PCT_ROOT, or / if that is not set.\n"
	     "\n"
	     "Exit codes: 0 done; 1 failed; 2 used wrongly. 'pct exec' answers with its command's\n"
	     "own: 128+N when signal N ended it, 126 could not be run, 127 not found.");
}

static int run(const struct args *a)
{
	const struct command *c;
	auto_free char *candidates = NULL;
	int r;

	if (a->argc == 0) {
		help_all();
		return 0;
	}
	r = command_find(a->argv[0], &c, &candidates);
	if (r < 0) {
		say(SAY_ERR, 0, "help: there is no command '%.40s'; there are %s; see 'pct help'",
		    a->argv[0], candidates ? candidates : "none");
		return EXIT_USAGE;
	}
	command_help(c, stdout);
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[command]",
	.help = "Say what a command does and which options it has",
	.max_args = 1,
	.run = run,
};
