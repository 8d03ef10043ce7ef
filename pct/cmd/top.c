// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct top: what the running containers use, again and again; or once, for scripts.
 */
#include <poll.h>

#include "pct/cli/args.h"
#include "pct/interrupt.h"
#include "pct/top/top.h"

#define NSEC_OF(millionths) ((uint64_t)(millionths) * (CGV_NSEC / NUMBER_SCALE))

static void print_text(const struct top_row *row, size_t n)
{
	char cell[TOP_CELL];

	printf("%-9s %-16s", "VMID", "NAME");
	for (int v = 0; v < TOP_N_VALUES; v++)
		printf(" %*s", top_columns[v].width, top_columns[v].title);
	putchar('\n');
	for (size_t i = 0; i < n; i++) {
		printf("%-9u %-16s", row[i].vmid, row[i].name);
		for (int v = 0; v < TOP_N_VALUES; v++) {
			top_cell(&row[i], (enum top_value)v, cell);
			printf(" %*s", top_columns[v].width, cell);
		}
		putchar('\n');
	}
}

static void print_json(const struct top_row *row, size_t n)
{
	auto_output rows = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(rows, top_json(&row[i]));
	output_json(rows);
}

/* Two looks, and what was between them. */
static int once(struct top *t, int by, uint64_t interval, bool json)
{
	size_t n;
	int r = top_sample(t, &n);

	if (r < 0)
		return r;
	interrupt_catch();
	poll(NULL, 0, (int)(interval / 1000000));
	if (interrupted())
		return -EINTR;
	r = top_sample(t, &n);
	if (r < 0)
		return r;
	top_sort(t->row, n, by, false);
	if (json)
		print_json(t->row, n);
	else
		print_text(t->row, n);
	return 0;
}

static int order_of(const char *name)
{
	if (!name || strcmp(name, "cpu") == 0)
		return TOP_CPU;
	for (int v = 0; v < TOP_N_VALUES; v++)
		if (strcmp(name, top_columns[v].name) == 0)
			return v;
	return strcmp(name, "name") == 0 ? TOP_BY_NAME : TOP_BY_VMID;
}

static int run(const struct args *a)
{
	const char *every = args_value(a, "interval");
	bool json = args_json(a) || args_bool(a, "json");
	int64_t interval = NUMBER_SCALE;
	int by = order_of(args_value(a, "sort"));
	struct top t;
	int r;

	if (every)
		(void)option_number(every, &interval);
	if (json && !args_bool(a, "once"))
		return refuse(EXIT_USAGE, "top: for programs it is 'pct top --once --json'");
	if (!args_bool(a, "once") && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return refuse(-ENOTTY, "top needs a terminal; 'pct top --once' does not");
	r = top_open(&t);
	if (r < 0)
		return r;
	r = args_bool(a, "once") ? once(&t, by, NSEC_OF(interval), json)
				 : top_show(&t, by, NSEC_OF(interval));
	top_close(&t);
	return r;
}

static const char *const orders[] = { "vmid",	"name",	 "cpu",	  "mem",    "mempart", "swap",
				      "read",	"write", "netin", "netout", "load",    "psicpu",
				      "psimem", "psiio", "tasks", NULL };

static const struct option options[] = {
	{ "interval", OPTION_NUMBER, .min = 1, .max = 3600, .value = "<seconds>",
	  .help = "between two looks (default 1)" },
	{ "json", OPTION_BOOL, .help = "as --output-format json" },
	{ "once", OPTION_BOOL, .help = "print one table, of one interval, and end" },
	{ "sort", OPTION_WORD, .words = orders, .value = "<column>",
	  .help = "by this column (default cpu): vmid name cpu mem mempart swap read write netin "
		  "netout load psicpu psimem psiio tasks" },
};

const struct command cmd_top = {
	.name = "top",
	.args = "",
	.help = "Show what the running containers use",
	.prints = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
