// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>

#include "base/version.h"
#include "pct/cli/args.h"
#include "pct/cli/help.h"
#include "pct/paths.h"

/* What a caller has closed would be the number of some file of ours. */
static void open_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int used_wrongly(const struct command *c, const char *why)
{
	say(SAY_ERR, 0, "%s: %.900s; see 'pct help %s'", c->name, why, c->name);
	return EXIT_USAGE;
}

static int run(const struct command *c, const struct args *a)
{
	int r;

	if (c->needs_root && geteuid() != 0)
		return refuse(EXIT_FAILURE, "%s: only root may do this; try 'sudo pct %s ...'",
			      c->name, c->name);
	r = c->run(a);
	if (fflush(stdout) != 0 && r >= 0)
		r = fail(-errno, "%s: write the answer", c->name);
	return r < 0 ? EXIT_FAILURE : r;
}

static int dispatch(const struct command *c, int argc, char *argv[])
{
	CLEANUP(args_free) struct args a = { 0 };
	auto_free char *wrong = NULL;
	int r = args_parse(c, argc, argv, &a, &wrong);

	if (r == ARGS_HELP) {
		help_command(c, stdout);
		return EXIT_SUCCESS;
	}
	if (r == -EINVAL)
		return used_wrongly(c, wrong);
	if (r < 0)
		return fail(r, "%s", c->name), EXIT_FAILURE;
	return run(c, &a);
}

int main(int argc, char *argv[])
{
	const struct command *c;
	auto_free char *candidates = NULL;
	int r;

	open_standard_fds();
	umask(022);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	/* File names in archives are UTF-8, whatever the caller's locale is. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (argc < 2)
		return refuse(EXIT_USAGE, "which command? 'pct help' lists them");
	if (paths_init() < 0)
		return EXIT_FAILURE;
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return dispatch(&cmd_help, 0, argv + argc);
	if (strcmp(argv[1], "--version") == 0)
		return version_print("pct");
	r = command_find(argv[1], &c, &candidates);
	if (r == 0)
		return dispatch(c, argc - 2, argv + 2);
	if (r == -ENOTUNIQ)
		return refuse(EXIT_USAGE, "'%s' may be %s; see 'pct help'", argv[1], candidates);
	return refuse(EXIT_USAGE, "there is no command '%.40s'; there are %s; see 'pct help'",
		      argv[1], candidates);
}
