// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files of which the kernel keeps nothing per container: what stands above their numbers. Making
 * the numbers costs the kernel up to a millisecond, so these lines are read once.
 */
#include "procfs/files.h"

static int header(const struct view *v, enum cgv_header which, struct out *o)
{
	if (!v->host->header[which])
		return -ENODATA;
	out_span(o, span_of(v->host->header[which]));
	return 0;
}

int empty_render(const struct view *v, struct out *o)
{
	(void)v, (void)o;
	return 0;
}

/* Disks have no size of their own in a container, and those of the host are the host's. */
int partitions_render(const struct view *v, struct out *o)
{
	return header(v, CGV_PARTITIONS, o);
}

int slabinfo_render(const struct view *v, struct out *o)
{
	return header(v, CGV_SLABINFO, o);
}

/* "Page block order" and "Pages per block" are the host's, and stay so. */
int pagetypeinfo_render(const struct view *v, struct out *o)
{
	return header(v, CGV_PAGETYPEINFO, o);
}
