// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/files.h"

int swaps_render(const struct view *v, struct out *o)
{
	const struct cgv_memory *m = &v->s->memory;

	out(o, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	if (m->swap_total)
		out(o, "%-40s%s\t\t%llu\t\t%llu\t\t%d\n", "none", "virtual",
		    (unsigned long long)(m->swap_total / 1024),
		    (unsigned long long)((m->swap_total - m->swap_free) / 1024), 0);
	return 0;
}
