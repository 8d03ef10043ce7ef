// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/zoneinfo: the zones of the nodes in sight with the page sets of the visible CPUs; every
 * number is 0, as those of the zones add up to the host's memory.
 */
#include <ctype.h>

#include "procfs/files.h"

/* What the lines being read are of. */
struct part {
	bool node, cpu; /* in sight */
};

static bool digit(const char *p, struct span s)
{
	return p < s.end && isdigit((unsigned char)*p);
}

/* "  pages free     3840": a number is what no name runs into. */
static void zeroed(struct span line, struct out *o)
{
	for (const char *p = line.p; p < line.end;) {
		const char *from = p;

		while (p < line.end && (isalnum((unsigned char)*p) || *p == '_'))
			p++;
		if (p == from)
			p++;
		if (digit(from, line))
			out(o, "0");
		else
			out_span(o, (struct span){ from, p });
	}
	out(o, "\n");
}

static bool number_behind(const char *name, struct span line, uint64_t *n)
{
	struct span word;

	if (!span_word(&line, &word) || !span_is(word, name) || !span_word(&line, &word))
		return false;
	word.end -= word.end[-1] == ',';
	return span_u64(&word, n);
}

/* A line that says whose those behind it are. False: it is another. */
static bool begins(const struct view *v, struct span line, struct part *part)
{
	const struct cgv_nodes *nodes = &v->s->nodes;
	uint64_t n;

	if (number_behind("Node", line, &n)) {
		/* A kernel without NUMA has a node all the same. */
		part->node = n < CGV_MAX_NODES &&
			     (n == nodes->first || cgv_nodes_has(nodes->bits, (unsigned)n));
		part->cpu = true;
		return true;
	}
	if (number_behind("cpu:", line, &n)) {
		part->cpu = n < CGV_MAX_CPUS && cgv_cpuset_has(&v->s->cpus.visible, (unsigned)n);
		return true;
	}
	/* Back from the page sets, whose lines are further in, but for this one. */
	if (!span_starts(line, "    ") && !span_starts(line, "  vm stats"))
		part->cpu = true;
	return false;
}

int zoneinfo_render(const struct view *v, struct out *o)
{
	struct part part = { false, false };
	struct span text, line;
	int r = cgv_read_text(v->host->root, v->path, v->scratch, &text);

	while (r == 0 && span_line(&text, &line)) {
		bool heading = begins(v, line, &part);

		if (!part.node || !part.cpu)
			continue;
		if (heading) {
			out_span(o, line);
			out(o, "\n");
		} else {
			zeroed(line, o);
		}
	}
	return r;
}
