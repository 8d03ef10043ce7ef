// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/diskstats: the disks the container used, as the host names and orders them. The kernel
 * keeps neither merges nor times per cgroup: 0. Partitions have no source and are left out.
 */
#include "procfs/files.h"

#define SECTOR 512

static const struct cgv_disk *find(const struct cgv_disks *d, uint64_t major, uint64_t minor)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->disk[i].major == major && d->disk[i].minor == minor)
			return &d->disk[i];
	return NULL;
}

static bool used(const struct cgv_disk *d)
{
	return d && (d->reads || d->writes || d->discards);
}

/* As many columns as the kernel's own lines have: 11, 15 or 17. */
static void columns(struct out *o, const struct cgv_disk *d, unsigned n)
{
	const uint64_t all[] = {
		d->reads,
		0,
		d->read_bytes / SECTOR,
		0,
		d->writes,
		0,
		d->written_bytes / SECTOR,
		0,
		0,
		0,
		0,
		d->discards,
		0,
		d->discarded_bytes / SECTOR,
		0,
		0,
		0,
	};

	for (unsigned i = 0; i < n; i++)
		out(o, " %llu", (unsigned long long)(i < ARRAY_LEN(all) ? all[i] : 0));
}

int diskstats_render(const struct view *v, struct out *o)
{
	struct span text, line, name, word;
	int r = cgv_read_text(v->host->proc, "diskstats", v->scratch, &text);

	while (r == 0 && span_line(&text, &line)) {
		const struct cgv_disk *d;
		uint64_t major, minor;
		unsigned n = 0;

		if (!span_u64(&line, &major) || !span_u64(&line, &minor) ||
		    !span_word(&line, &name))
			continue;
		d = find(v->s->disks, major, minor);
		if (!used(d))
			continue;
		while (span_word(&line, &word))
			n++;
		out(o, "%4u %7u ", d->major, d->minor);
		out_span(o, name);
		columns(o, d, n);
		out(o, "\n");
	}
	return r;
}
