// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/files.h"

int loadavg_render(const struct view *v, struct out *o)
{
	const struct cgv_tasks *t = &v->s->tasks;

	for (int i = 0; i < 3; i++) {
		uint64_t avg = v->s->load.avg[i] + CGV_LOAD_1 / 200;

		out(o, "%llu.%02u ", (unsigned long long)(avg / CGV_LOAD_1),
		    (unsigned)(avg % CGV_LOAD_1 * 100 / CGV_LOAD_1));
	}
	/* At least the reader itself runs. */
	out(o, "%llu/%llu %llu\n", (unsigned long long)MAX(t->running, (uint64_t)1),
	    (unsigned long long)MAX(t->total, (uint64_t)1), (unsigned long long)t->last_pid);
	return 0;
}
