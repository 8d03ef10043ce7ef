// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct guest-setup: what start does to a container's own files, to those of any directory.
 */
#include <fcntl.h>

#include "pct/cli/args.h"
#include "pct/guest/guest.h"
#include "pct/interrupt.h"
#include "pct/paths.h"

#define CONF_MAX (1u << 20)

static int read_config(const char *path, struct config *out)
{
	static char text[CONF_MAX];
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	struct config_odd odd;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int r;

	if (n < 0)
		return fail(-errno, "read '%s'", path);
	if ((size_t)n == sizeof(text) || memchr(text, '\0', (size_t)n))
		return refuse(-EINVAL, "'%s' is no container's config file", path);
	r = config_parse(text, (size_t)n, out, &odd);
	if (r < 0)
		return fail(r, "read '%s'", path);
	if (odd.line)
		warn(0, "'%s', line %zu: this is neither 'key: value' nor a comment", path,
		     odd.line);
	return 0;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	const char *dir = args_value(a, "rootfs"), *conf = args_value(a, "config");
	auto_fd root = -EBADF;
	struct guest_job job = {
		.who = dir, .config = &c, .when = GUEST_START, .parts = GUEST_ALL
	};
	struct guest_done first, second;
	int r;

	if (!dir || !conf)
		return refuse(EXIT_USAGE, "guest-setup: needs --rootfs and --config");
	r = read_config(conf, &c);
	if (r < 0)
		return r;
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail(-errno, "open directory '%s'", dir);
	job.root = root;
	guest_setup(&job, &first);
	if (first.failed)
		return refuse(-EIO, "'%s': %zu of its files are not as its config says", dir,
			      first.failed);
	if (!args_bool(a, "twice"))
		return 0;
	guest_setup(&job, &second);
	return second.changed || second.failed
		   ? refuse(-EIO, "'%s': a second time changed %zu files again", dir,
			    second.changed)
		   : 0;
}

static const struct option options[] = {
	{ "config", OPTION_TEXT, .min = 1, .max = 4096, .value = "<file>",
	  .help = "what it is to be: a container's config file" },
	{ "rootfs", OPTION_TEXT, .min = 1, .max = 4096, .value = "<directory>",
	  .help = "the root of its file system" },
	{ "twice", OPTION_BOOL, .help = "again, which must change nothing more" },
};

const struct command cmd_guest_setup = {
	.name = "guest-setup",
	.args = "",
	.help = "Write what a config says into the files of a root directory",
	.more =
	    "Its name, addresses, name servers, time zone and terminals, as at each start of a "
	    "container. Only what stands between the markers BEGIN PVE and END PVE is ours, and a "
	    "file is left alone that has a '.pve-ignore.<file>' beside it.\n",
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
