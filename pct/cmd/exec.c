// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct exec: run a command in a container, as its root or another of its users, on our own terminal
 * or pipes. pct enter: its shell.
 */
#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/attach.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"

static int run_in(unsigned vmid, const struct ct_command *c)
{
	if (!conf_exists(vmid))
		return refuse(-ENOENT, "CT %u does not exist; 'pct list' shows those that do",
			      vmid);
	if (!ct_running(vmid))
		return refuse(-ESRCH, "CT %u does not run; 'pct start %u' starts it", vmid, vmid);
	/* Whoever enters would stand still with it. */
	if (cgroups_frozen(vmid))
		return refuse(-EAGAIN, "CT %u is frozen; 'pct resume %u' has it go on", vmid, vmid);
	return ct_exec(vmid, c);
}

/* "A=1\nB=2" is cut up into an array that ends in NULL. */
static int split(char *lines, const char ***out)
{
	size_t n = 2;
	const char **words;

	for (const char *p = lines; *p; p++)
		n += *p == '\n';
	words = calloc(n, sizeof(*words));
	if (!words)
		return -ENOMEM;
	n = 0;
	for (char *line; (line = strsep(&lines, "\n"));)
		words[n++] = line;
	*out = words;
	return 0;
}

static int run_exec(const struct args *a)
{
	const char *env = args_value(a, "env");
	auto_free char *lines = env ? strdup(env) : NULL;
	auto_free const char **words = NULL;
	struct ct_command c = {
		.argv = a->argv,
		.user = args_value(a, "user"),
		.cwd = args_value(a, "cwd"),
		.keep_env = args_bool(a, "keep-env"),
		.no_stdin = args_bool(a, "stdin-null") || args_bool(a, "n"),
	};

	if (env && (!lines || split(lines, &words) < 0))
		return fail(-ENOMEM, "exec");
	c.env = words;
	return run_in(a->vmid, &c);
}

static int run_enter(const struct args *a)
{
	struct ct_command c = { .keep_env = args_bool(a, "keep-env") };

	return run_in(a->vmid, &c);
}

static const char *form_variable(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	return n && text[n] == '=' && (*text < '0' || *text > '9') ? NULL
								   : "a variable: NAME=value";
}

#define KEEP_ENV                                                                                   \
	{                                                                                          \
		"keep-env", OPTION_BOOL, .help = "with the environment of this shell"              \
	}

static const struct option exec_options[] = {
	{ "cwd", OPTION_TEXT, .min = 1, .max = 4095, .value = "<path>",
	  .help = "in this directory of the container (default /)" },
	{ "env", OPTION_LIST, .max = 131072, .separators = "\n", .form = form_variable,
	  .value = "<name=value>", .help = "with this variable" },
	KEEP_ENV,
	{ "n", OPTION_BOOL, .help = "as --stdin-null" },
	{ "stdin-null", OPTION_BOOL, .help = "leave stdin alone: for loops that read from it" },
	{ "user", OPTION_TEXT, .min = 1, .max = 80, .value = "<user[:group]>",
	  .help = "as this user of the container, by name or number (default root)" },
};

static const struct option enter_options[] = { KEEP_ENV };

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
	.options = exec_options,
	.n_options = ARRAY_LEN(exec_options),
	.run = run_exec,
};

const struct command cmd_enter = {
	.name = "enter",
	.args = "<vmid>",
	.help = "Open a shell in a running container, as its root",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.needs_root = true,
	.options = enter_options,
	.n_options = ARRAY_LEN(enter_options),
	.run = run_enter,
};
