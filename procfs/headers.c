// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files of which the kernel keeps nothing per container: what stands above their numbers.
 */
#include "procfs/files.h"

static int first_lines(const struct view *v, unsigned n, struct out *o)
{
	struct span text, line;
	int r = cgv_read_text(v->host->root, v->path, v->scratch, &text);

	while (r == 0 && n-- && span_line(&text, &line)) {
		out_span(o, line);
		out(o, "\n");
	}
	return r;
}

int empty_render(const struct view *v, struct out *o)
{
	(void)v, (void)o;
	return 0;
}

int slabinfo_render(const struct view *v, struct out *o)
{
	return first_lines(v, 2, o);
}

/* "Page block order" and "Pages per block" are the host's, and stay so. */
int pagetypeinfo_render(const struct view *v, struct out *o)
{
	return first_lines(v, 2, o);
}
