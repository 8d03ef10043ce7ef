// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/schedstat: the visible CPUs and what scheduling domains are left among them, with zeros.
 */
#include "procfs/files.h"

/* Of the CPU whose lines are being read. */
struct domains {
	bool shown;
	unsigned n;
	struct cgv_cpuset last; /* the domain below */
};

static void zeros(struct span line, struct out *o)
{
	struct span word;

	while (span_word(&line, &word))
		out(o, " 0");
	out(o, "\n");
}

/* "cpu3 0 0 …" */
static void cpu(const struct view *v, struct span name, struct span line, struct domains *d,
		struct out *o)
{
	struct span number = { name.p + strlen("cpu"), name.end };
	uint64_t n;

	d->n = 0;
	d->last = (struct cgv_cpuset){ 0 };
	d->shown = span_u64(&number, &n) && n < CGV_MAX_CPUS &&
		   cgv_cpuset_has(&v->s->cpus.visible, (unsigned)n);
	if (!d->shown)
		return;
	out_span(o, name);
	zeros(line, o);
}

/*
 * "domain0 0000000f 0 0 …", since version 17 "domain0 MC 0000000f …". Of one CPU, or of the same
 * as the one below, the kernel makes none.
 */
static void domain(const struct view *v, struct span line, struct domains *d, struct out *o)
{
	struct span called = { line.p, line.p }, mask;
	struct cgv_cpuset set;

	if (!d->shown || !span_word(&line, &mask))
		return;
	if (cgv_cpuset_mask(mask, &set) < 0) {
		called.end = mask.end;
		if (!span_word(&line, &mask) || cgv_cpuset_mask(mask, &set) < 0)
			return;
	}
	cgv_cpuset_and(&set, &v->s->cpus.visible);
	if (cgv_cpuset_count(&set) < 2 || memcmp(&set, &d->last, sizeof(set)) == 0)
		return;
	d->last = set;
	out(o, "domain%u", d->n++);
	out_span(o, called);
	out(o, " ");
	out_cpumask_like(o, &set, mask);
	zeros(line, o);
}

int schedstat_render(const struct view *v, struct out *o)
{
	struct span text, line, whole, name;
	struct domains d = { .shown = false };
	int r = cgv_read_text(v->host->root, v->path, v->scratch, &text);

	while (r == 0 && span_line(&text, &line)) {
		whole = line;
		if (!span_word(&line, &name))
			continue;
		if (span_starts(name, "cpu")) {
			cpu(v, name, line, &d, o);
		} else if (span_starts(name, "domain")) {
			domain(v, line, &d, o);
		} else if (span_is(name, "timestamp")) {
			/* The host's is its age. */
			out(o, "timestamp %llu\n",
			    (unsigned long long)(v->s->age.uptime / CGV_TICK));
		} else if (span_is(name, "version")) {
			out_span(o, whole);
			out(o, "\n");
		}
	}
	return r;
}
