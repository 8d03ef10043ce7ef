// SPDX-License-Identifier: LGPL-2.1-or-later
#include <math.h>

#include "pct/top/top.h"

// clang-format off
const struct top_column top_columns[TOP_N_VALUES] = {
	[TOP_CPU]	  = { "CPU%",  "cpu",	   "percent", 6, 'c' },
	[TOP_MEMORY]	  = { "MEM",   "mem",	   "bytes",   6, 'm' },
	[TOP_MEMORY_PART] = { "MEM%",  "mempart",  "percent", 6, 'M' },
	[TOP_SWAP]	  = { "SWAP",  "swap",	   "bytes",   6, 's' },
	[TOP_READ]	  = { "READ",  "read",	   "bytes",   6, 'r' },
	[TOP_WRITE]	  = { "WRITE", "write",	   "bytes",   6, 'w' },
	[TOP_IN]	  = { "NETIN", "netin",	   "bytes",   6, 'i' },
	[TOP_OUT]	  = { "NETOUT", "netout",  "bytes",   7, 'o' },
	[TOP_LOAD]	  = { "LOAD",  "load",	   "number",  6, 'l' },
	[TOP_PSI_CPU]	  = { "P-CPU", "psicpu",   "percent", 6, 'p' },
	[TOP_PSI_MEMORY]  = { "P-MEM", "psimem",   "percent", 6, 'P' },
	[TOP_PSI_IO]	  = { "P-IO",  "psiio",	   "percent", 6, 'O' },
	[TOP_TASKS]	  = { "TASKS", "tasks",	   "count",   6, 't' },
};
// clang-format on

/* qsort has no argument of its own, but qsort_r has. */
struct order {
	int by;
	bool reverse;
};

static int by_value(double a, double b)
{
	bool no_a = isnan(a), no_b = isnan(b);

	if (no_a || no_b)
		return no_a - no_b;
	return (a < b) - (a > b);
}

/* What is equal stays by its VMID, so that rows do not jump. */
static int compare(const void *x, const void *y, void *with)
{
	const struct top_row *a = x, *b = y;
	const struct order *o = with;
	int r = 0;

	if (o->by >= 0)
		r = by_value(a->value[o->by], b->value[o->by]);
	else if (o->by == TOP_BY_NAME)
		r = strcmp(a->name, b->name);
	else
		r = (a->vmid > b->vmid) - (a->vmid < b->vmid);
	if (o->reverse)
		r = -r;
	return r ? r : (a->vmid > b->vmid) - (a->vmid < b->vmid);
}

void top_sort(struct top_row *row, size_t n, int by, bool reverse)
{
	struct order o = { by, reverse };

	qsort_r(row, n, sizeof(*row), compare, &o);
}

void top_bytes(double bytes, char out[TOP_CELL])
{
	static const char units[] = "BKMGTPE";
	size_t u = 0;

	while (bytes >= 1000 && u + 2 < sizeof(units)) {
		bytes /= 1024;
		u++;
	}
	if (u == 0)
		snprintf(out, TOP_CELL, "%.0f", bytes);
	else
		snprintf(out, TOP_CELL, bytes < 9.95 ? "%.1f%c" : "%.0f%c", bytes, units[u]);
}

void top_cell(const struct top_row *r, enum top_value v, char out[TOP_CELL])
{
	double value = r->value[v];
	char form = *top_columns[v].form;

	if (isnan(value))
		strcpy(out, "-");
	else if (form == 'b')
		top_bytes(value, out);
	else if (form == 'c')
		snprintf(out, TOP_CELL, "%.0f", value);
	else if (form == 'n')
		snprintf(out, TOP_CELL, "%.2f", value);
	else
		snprintf(out, TOP_CELL, value < 999.95 ? "%.1f" : "%.0f", value);
}

json_object *top_json(const struct top_row *r)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "vmid", json_object_new_uint64(r->vmid));
	json_object_object_add(o, "name", json_object_new_string(r->name));
	for (int v = 0; v < TOP_N_VALUES; v++) {
		char form = *top_columns[v].form, text[32];
		double value = r->value[v];
		json_object *j = NULL;

		snprintf(text, sizeof(text), "%.2f", value);
		if (!isnan(value) && (form == 'b' || form == 'c'))
			j = json_object_new_uint64((uint64_t)value);
		else if (!isnan(value))
			j = json_object_new_double_s(value, text);
		json_object_object_add(o, top_columns[v].name, j);
	}
	json_object_object_add(o, "maxmem", json_object_new_uint64(r->memory_limit));
	json_object_object_add(o, "maxswap", json_object_new_uint64(r->swap_limit));
	return o;
}
