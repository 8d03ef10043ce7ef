// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct manual: a manual page from the tables, for `make`.
 */
#include "pct/cli/args.h"
#include "pct/cli/help.h"

static int run(const struct args *a)
{
	return manual_write(a->argv[0], stdout) < 0
		   ? refuse(EXIT_USAGE,
			    "manual: there is no page '%.40s'; there are pct, "
			    "pct.conf and storage.cfg",
			    a->argv[0])
		   : 0;
}

const struct command cmd_manual = {
	.name = "manual",
	.args = "<page>",
	.help = "Print a manual page, as roff: pct, pct.conf or storage.cfg",
	.min_args = 1,
	.max_args = 1,
	.hidden = true,
	.run = run,
};
