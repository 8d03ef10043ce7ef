// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct bench: another program does it (bench/suite), which is found and told where all the others
 * are. It makes containers of its own, below a root of its own.
 */
#include "pct/cli/args.h"
#include "pct/paths.h"

#define OWN_WORDS 16 /* more than all our options are */
#define CASES_MAX 32

/* In a build folder beside us; else as `make install` puts it. */
static char *find(const char *tools)
{
	static const char *const places[] = { "pct-bench", "../libexec/pct/pct-bench" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		auto_free char *path = text_of("%s/%s", tools, places[i]);

		if (access(path, X_OK) == 0)
			return take_ptr(path);
	}
	return NULL;
}

/* Its options are called as ours are. */
static void put(const struct args *a, const char *name, const char *option, const char *words[],
		size_t *n)
{
	const char *value = args_value(a, name);

	if (!value)
		return;
	words[(*n)++] = option;
	words[(*n)++] = value;
}

static int run(const struct args *a)
{
	auto_free char *tools = NULL, *program = NULL;
	const char *words[OWN_WORDS + CASES_MAX + 1] = { NULL };
	size_t n = 0;
	int r = paths_tools(&tools);

	if (r < 0)
		return r;
	program = find(tools);
	if (!program)
		return refuse(-ENOENT, "pct-bench is not there: it is in the package 'pct'; from "
				       "the source 'make all' builds it");
	words[n++] = "pct-bench";
	if (args_bool(a, "quick"))
		words[n++] = "--quick";
	if (args_bool(a, "list"))
		words[n++] = "--list";
	put(a, "rounds", "--rounds", words, &n);
	put(a, "tar", "--tar", words, &n);
	words[n++] = "--out";
	words[n++] = args_value(a, "out") ? args_value(a, "out") : "pct-bench";
	for (int i = 0; i < a->argc; i++)
		words[n++] = a->argv[i];
	setenv("B", tools, 1);
	(void)fflush(stdout);
	execv(program, (char *const *)words);
	return fail(-errno, "run '%s'", program);
}

static const struct option options[] = {
	{ "list", OPTION_BOOL, .help = "only say what the cases are called" },
	{ "out", OPTION_TEXT, .min = 1, .max = 4095, .value = "<directory>",
	  .help = "where the page and the figures go (default: pct-bench, here)" },
	{ "quick", OPTION_BOOL, .help = "fewer rounds, and not what takes long" },
	{ "rounds", OPTION_INT, .min = 1, .max = 100, .value = "<number>",
	  .help = "how often each is measured (default 5; --quick: 2)" },
	{ "tar", OPTION_TEXT, .min = 1, .max = 4095, .value = "<file>",
	  .help = "a Debian with systemd, as a tar, for what is measured with one" },
};

const struct command cmd_bench = {
	.name = "bench",
	.args = "[<case>...]",
	.help = "Measure what containers cost here, beside other programs",
	.more =
	    "A case is a section, 'reads', or one of what is in it, 'reads/stat'; all of them if "
	    "none "
	    "is given. Each is measured in turns with its peers (LXD, LXC, lxcfs, podman, "
	    "systemd-nspawn: those that are installed) and with itself, which says how far this "
	    "machine can be believed. How long it takes is said first.\n\n"
	    "Containers, file systems and interfaces are its own, in a temporary directory "
	    "($TMPDIR), "
	    "and go with it. Others that run here are left alone, but they feel it. The page in "
	    "--out, "
	    "bench.html, needs no network; where gnuplot is installed it has pictures.\n",
	.min_args = 0,
	.max_args = CASES_MAX,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
