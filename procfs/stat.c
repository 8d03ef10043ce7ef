// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/stat: CPU time from the accumulated rows. Lines whose source is not per container keep
 * the kernel's shape, with zeros.
 */
#include "procfs/files.h"

struct ticks {
	uint64_t user, nice, system, idle, steal;
};

static void row(struct out *o, const char *name, struct ticks t)
{
	out(o, "%s %llu %llu %llu %llu 0 0 0 %llu 0 0\n", name, (unsigned long long)t.user,
	    (unsigned long long)t.nice, (unsigned long long)t.system, (unsigned long long)t.idle,
	    (unsigned long long)t.steal);
}

static struct ticks ticks_of(const struct cgv_cpu_row *r)
{
	return (struct ticks){
		.user = r->user / CGV_TICK,
		.nice = r->nice / CGV_TICK,
		.system = r->system / CGV_TICK,
		.idle = r->idle / CGV_TICK,
		.steal = r->steal / CGV_TICK,
	};
}

/* The sum is made of ticks, and of CPUs that left too: it equals its rows and never shrinks. */
static struct ticks sum(const struct cgv_cputime *t)
{
	struct ticks all = { 0 };

	for (unsigned i = 0; i < t->n; i++) {
		struct ticks one = ticks_of(&t->row[i]);

		all.user += one.user;
		all.nice += one.nice;
		all.system += one.system;
		all.idle += one.idle;
		all.steal += one.steal;
	}
	return all;
}

static void zeros(struct out *o, const char *name, unsigned n)
{
	if (!n)
		return;
	out(o, "%s", name);
	out_times(o, span_of(" 0"), n);
	out(o, "\n");
}

int stat_render(const struct view *v, struct out *o)
{
	const struct sample *s = v->s;
	const struct cgv_cpuset *cpus = &s->cpus.visible;

	row(o, "cpu ", sum(s->cputime));
	for (unsigned i = 0; (i = cgv_cpuset_next(cpus, i)) < s->cputime->n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "cpu%u", i);
		row(o, name, ticks_of(&s->cputime->row[i]));
	}
	zeros(o, "intr", v->host->intr_columns);
	out(o, "ctxt 0\n");
	out(o, "btime %llu\n", (unsigned long long)s->age.btime);
	out(o, "processes %llu\n", (unsigned long long)s->tasks.last_pid);
	out(o, "procs_running %llu\n", (unsigned long long)MAX(s->tasks.running, (uint64_t)1));
	out(o, "procs_blocked %llu\n", (unsigned long long)s->tasks.blocked);
	zeros(o, "softirq", v->host->softirq_columns);
	return 0;
}
