// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tables with a column a CPU: those of the visible CPUs, with zeros. A row keeps its name and
 * what stands behind its numbers.
 */
#include "procfs/files.h"

/* Which column is which CPU, by the heading: "           CPU0       CPU3". */
struct columns {
	unsigned n;
	struct cgv_cpuset *visible; /* of columns, not of CPUs */
};

static bool cpu_number(struct span word, uint64_t *cpu)
{
	if (!span_starts(word, "CPU"))
		return false;
	word.p += 3;
	return span_u64(&word, cpu) && !span_len(word);
}

static void blanks(struct span *line, struct out *o)
{
	const char *from = line->p;

	while (line->p < line->end && *line->p == ' ')
		line->p++;
	out_span(o, (struct span){ from, line->p });
}

/* The indent, then columns with the blanks that fill them up: "CPU%-8d". */
static void heading(const struct view *v, struct span line, struct columns *c, struct out *o)
{
	struct span word;
	uint64_t cpu;

	blanks(&line, o);
	while (span_word(&line, &word)) {
		if (!cpu_number(word, &cpu) || c->n >= CGV_MAX_CPUS)
			continue;
		if (cpu < CGV_MAX_CPUS && cgv_cpuset_has(&v->s->cpus.visible, (unsigned)cpu)) {
			cgv_cpuset_add(c->visible, c->n);
			out_span(o, word);
			blanks(&line, o);
		}
		c->n++;
	}
	out(o, "\n");
}

/* "TIMER:     123     456  text": what is before and behind the numbers stays as it is. */
static void row(const struct columns *c, struct span line, struct out *o)
{
	struct span name, rest;
	unsigned n = 0;
	uint64_t count;

	if (!span_until(&line, ':', &name))
		return;
	out_span(o, (struct span){ name.p, line.p });
	for (rest = line; n < c->n && span_u64(&rest, &count);)
		n++;
	for (unsigned i = 0; i < n; i++) {
		const char *from = line.p;

		(void)span_u64(&line, &count);
		/* "ERR: 0": one number for all CPUs. */
		if (n < c->n || cgv_cpuset_has(c->visible, i))
			out(o, "%*u", (int)(line.p - from), 0);
	}
	out_span(o, line);
	out(o, "\n");
}

int percpu_render(const struct view *v, struct out *o)
{
	struct cgv_cpuset visible = { 0 };
	struct columns c = { 0, &visible };
	struct span text, line;
	int r = cgv_read_text(v->host->root, v->path, v->scratch, &text);

	if (r == 0 && span_line(&text, &line))
		heading(v, line, &c, o);
	while (r == 0 && span_line(&text, &line))
		row(&c, line, o);
	return r;
}
