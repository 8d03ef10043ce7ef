// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/files.h"

int vmstat_render(const struct view *v, struct out *o)
{
	struct span layout = v->host->vmstat_layout, line, key;

	for (unsigned i = 0; i < v->s->vmstat->n && span_line(&layout, &line); i++) {
		if (!span_word(&line, &key))
			continue;
		out_span(o, key);
		out(o, " %llu\n", (unsigned long long)v->s->vmstat->value[i]);
	}
	return 0;
}
