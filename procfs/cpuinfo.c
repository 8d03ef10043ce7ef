// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/cpuinfo: the host's stanzas of the CPUs that are visible. A stanza is a paragraph with
 * a "processor" (x86, arm, riscv) or "cpu number" (s390x) line; others belong to no CPU.
 */
#include "procfs/files.h"

/* Where a visible CPU sits; x86 counts siblings and cores by it. */
struct seat {
	uint64_t package, core;
};

struct info {
	const struct view *v;
	struct seat *seats;
	size_t n;
};

static struct span trim(struct span s)
{
	while (span_len(s) && (s.end[-1] == ' ' || s.end[-1] == '\t'))
		s.end--;
	return s;
}

/* "key \t: value" */
static bool key_value(struct span line, struct span *key, struct span *value)
{
	if (!span_until(&line, ':', key))
		return false;
	*key = trim(*key);
	*value = line;
	return true;
}

/* A paragraph: its lines, and the blank one after it. */
static bool paragraph(struct span *text, struct span *out)
{
	struct span line;

	*out = (struct span){ text->p, text->p };
	while (span_line(text, &line)) {
		out->end = text->p;
		if (!span_len(line))
			break;
	}
	return span_len(*out);
}

/* False: the paragraph belongs to no CPU. */
static bool cpu_of(struct span para, uint64_t *cpu)
{
	struct span line, key, value;

	while (span_line(&para, &line))
		if (key_value(line, &key, &value) &&
		    (span_is(key, "processor") || span_is(key, "cpu number")))
			return span_u64(&value, cpu);
	return false;
}

static bool visible(const struct view *v, uint64_t cpu)
{
	return cpu < CGV_MAX_CPUS && cgv_cpuset_has(&v->s->cpus.visible, (unsigned)cpu);
}

static struct seat seat_of(struct span para)
{
	struct seat s = { 0 };
	struct span line, key, value;

	while (span_line(&para, &line)) {
		if (!key_value(line, &key, &value))
			continue;
		if (span_is(key, "physical id"))
			(void)span_u64(&value, &s.package);
		if (span_is(key, "core id"))
			(void)span_u64(&value, &s.core);
	}
	return s;
}

static int find_seats(struct info *in, struct span text)
{
	struct span para;
	uint64_t cpu;
	int r;

	r = cgv_text_reserve(in->v->work, (size_t)in->v->s->cpus.count * sizeof(struct seat));
	if (r < 0)
		return r;
	in->seats = (struct seat *)(void *)in->v->work->p;
	while (paragraph(&text, &para) && in->n < in->v->s->cpus.count)
		if (cpu_of(para, &cpu) && visible(in->v, cpu))
			in->seats[in->n++] = seat_of(para);
	return 0;
}

static unsigned siblings(const struct info *in, struct seat me)
{
	unsigned n = 0;

	for (size_t i = 0; i < in->n; i++)
		n += in->seats[i].package == me.package;
	return n;
}

static unsigned cores(const struct info *in, struct seat me)
{
	unsigned n = 0;

	for (size_t i = 0; i < in->n; i++) {
		bool first = in->seats[i].package == me.package;

		for (size_t j = 0; j < i && first; j++)
			first = in->seats[j].package != me.package ||
				in->seats[j].core != in->seats[i].core;
		n += first;
	}
	return n;
}

/* s390x has its CPUs in one table at the top: "processor 3: version = …". */
static bool hidden_line(const struct view *v, struct span line)
{
	struct span number;
	uint64_t cpu;

	if (!span_starts(line, "processor "))
		return false;
	line.p += strlen("processor ");
	if (!span_until(&line, ':', &number) || !span_u64(&number, &cpu) || span_len(number))
		return false;
	return !visible(v, cpu);
}

static void common(const struct view *v, struct span para, struct out *o)
{
	struct span line;

	while (span_line(&para, &line)) {
		if (hidden_line(v, line))
			continue;
		if (span_starts(line, "# processors"))
			out(o, "# processors    : %u", v->s->cpus.count);
		else
			out_span(o, line);
		out(o, "\n");
	}
}

static void stanza(const struct info *in, struct span para, struct out *o)
{
	struct seat me = seat_of(para);
	struct span line, key, value;

	while (span_line(&para, &line)) {
		unsigned n = 0;

		if (key_value(line, &key, &value))
			n = span_is(key, "siblings")	? siblings(in, me)
			    : span_is(key, "cpu cores") ? cores(in, me)
							: 0;
		if (n) {
			out_span(o, (struct span){ line.p, value.p });
			out(o, " %u\n", n);
		} else {
			out_span(o, line);
			out(o, "\n");
		}
	}
}

int cpuinfo_render(const struct view *v, struct out *o)
{
	struct info in = { .v = v };
	struct span text, para;
	uint64_t cpu;
	int r;

	r = cgv_read_text(v->host->proc, "cpuinfo", v->scratch, &text);
	if (r == 0)
		r = find_seats(&in, text);
	if (r < 0)
		return r;
	while (paragraph(&text, &para)) {
		if (!cpu_of(para, &cpu))
			common(v, para, o);
		else if (visible(v, cpu))
			stanza(&in, para, o);
	}
	return 0;
}
