// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/files.h"

int uptime_render(const struct view *v, struct out *o)
{
	const struct cgv_cputime *t = v->s->cputime;
	uint64_t up = v->s->age.uptime / CGV_TICK, idle = 0;

	for (unsigned i = 0; i < t->n; i++)
		idle += t->row[i].idle / CGV_TICK;
	out(o, "%llu.%02u %llu.%02u\n", (unsigned long long)(up / 100), (unsigned)(up % 100),
	    (unsigned long long)(idle / 100), (unsigned)(idle % 100));
	return 0;
}
