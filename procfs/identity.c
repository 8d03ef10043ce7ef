// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which container this is, and which of its starts.
 */
#include "procfs/files.h"

static int uuid(const struct cgv_uuid *u, struct out *o)
{
	for (size_t i = 0; i < sizeof(u->byte); i++)
		out(o, "%s%02x", i >= 4 && i <= 10 && i % 2 == 0 ? "-" : "", u->byte[i]);
	out(o, "\n");
	return 0;
}

int boot_id_render(const struct view *v, struct out *o)
{
	return uuid(&v->s->boot_id, o);
}

int product_uuid_render(const struct view *v, struct out *o)
{
	return uuid(&v->s->product_uuid, o);
}
