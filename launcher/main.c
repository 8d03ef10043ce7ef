// SPDX-License-Identifier: LGPL-2.1-or-later
#include <getopt.h>
#include <limits.h>

#include "base/version.h"
#include "launcher/launch.h"

static int dispatch(const struct command *c, const struct options *o, int argc, char *argv[])
{
	int n = argc - 1;

	if (n < c->min_args || (c->max_args >= 0 && n > c->max_args)) {
		fprintf(stderr, "usage: pct-launch %s %s\n", c->name, c->args);
		return 2;
	}
	if (c->run(o, argc, argv) == 0)
		return 0;
	/* A hook that fails keeps the container from starting. */
	return !c->hook || o->strict ? 1 : 0;
}

static bool cpus_life(const char *word, enum cpus_life *out)
{
	*out = strcmp(word, "fixed") == 0 ? CPUS_FIXED : CPUS_LIVE;
	return *out == CPUS_FIXED || strcmp(word, "live") == 0;
}

static int parse(int argc, char *argv[], struct options *o)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "strict", no_argument, NULL, 'S' },
		{ "cpus", required_argument, NULL, 'c' },
		{ "all", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ "fast", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	bool wrong = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 's')
			o->socket = optarg;
		else if (c == 'S')
			o->strict = true;
		else if (c == 'a')
			o->all = true;
		else if (c == 'f')
			o->fast = true;
		else if (c == 'j')
			o->json = true;
		else if (c == 'h' || c == 'V')
			return c == 'h' ? -ECANCELED : -EALREADY;
		else if (c != 'c')
			wrong = true;
		else if (!cpus_life(optarg, &o->cpus))
			wrong = refuse(-EINVAL, "--cpus '%s' is neither fixed nor live", optarg);
	}
	if (wrong)
		return -EINVAL;
	return optind < argc ? 0 : -EINVAL;
}

/* Is it a hook's line? */
static bool is_hook(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++)
		for (size_t k = 0; k < n_launch_commands; k++)
			if (launch_commands[k]->hook &&
			    strcmp(argv[i], launch_commands[k]->name) == 0)
				return true;
	return false;
}

int main(int argc, char *argv[])
{
	const char *root = getenv("PCT_ROOT");
	char socket[PATH_MAX];
	struct options o = { .socket = socket };
	int r;

	snprintf(socket, sizeof(socket), "%s/run/pct/pctfs.sock", root ? root : "");
	r = parse(argc, argv, &o);
	/* It has been said which; a container starts all the same. */
	if (r == -EINVAL && is_hook(argc, argv))
		return o.strict ? 1 : 0;
	if (r == -EALREADY)
		return version_print("pct-launch");
	if (r < 0)
		return launch_usage(r == -ECANCELED ? stdout : stderr);
	o.socket_named = o.socket != socket || (root && *root);
	argc -= optind;
	argv += optind;
	if (argc == 1 && strcmp(argv[0], "manual") == 0) /* for make */
		return launch_manual(stdout);
	for (size_t i = 0; i < n_launch_commands; i++)
		if (strcmp(launch_commands[i]->name, argv[0]) == 0)
			return dispatch(launch_commands[i], &o, argc, argv);
	say(SAY_ERR, 0, "no command '%s'", argv[0]);
	return launch_usage(stderr);
}
