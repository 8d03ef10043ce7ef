// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/order.h"
#include "base/base.h"
#include "pct/cli/property.h"
#include "pct/conf/keys.h"

static unsigned number(const struct properties *p, const char *name, unsigned fallback)
{
	const char *text = properties_get(p, name);

	return text ? (unsigned)strtoul(text, NULL, 10) : fallback;
}

void order_read(unsigned vmid, const struct config *c, unsigned down_s, struct turn *out)
{
	const char *text = config_get(c, "startup");
	auto_properties p = { 0 };

	*out = (struct turn){ .vmid = vmid, .order = ORDER_LAST, .down = down_s };
	if (!text || properties_read(&key_find("startup")->option, text, &p) < 0)
		return;
	out->order = number(&p, "order", ORDER_LAST);
	out->up = number(&p, "up", 0);
	out->down = number(&p, "down", down_s);
}

static int ascending(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->vmid < y->vmid ? -1 : x->vmid > y->vmid;
}

static int descending(const void *a, const void *b)
{
	return ascending(b, a);
}

void order_sort(struct turn *turns, size_t n, bool reverse)
{
	if (n)
		qsort(turns, n, sizeof(*turns), reverse ? descending : ascending);
}

size_t order_together(const struct turn *turns, size_t n, bool reverse)
{
	size_t i = 0;

	while (i < n && turns[i].order == turns[0].order)
		if (turns[i++].up && !reverse)
			break;
	return i;
}
