// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The same for people, as `pctfs stats` prints it.
 */
#include "base/base.h"
#include "procfs/pages.h"

/* The bound below which so many of a thousand requests stay. */
static uint64_t quantile(const uint64_t took[COUNT_BUCKETS + 1], uint64_t n, unsigned of_1000)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT_BUCKETS; i++) {
		sum += took[i];
		if (sum * 1000 >= n * of_1000)
			return count_bounds[i];
	}
	return 0;
}

static void put_time(struct prom *p, uint64_t ns)
{
	if (!ns)
		prom_put(p, "%9s", "> 1 s");
	else if (ns < 1000000)
		prom_put(p, "%6llu us", (unsigned long long)ns / 1000);
	else
		prom_put(p, "%6llu ms", (unsigned long long)ns / 1000000);
}

static void tell_operations(const struct scene *s, struct prom *p)
{
	prom_put(p, "%-10s %12s %12s %9s %9s %9s\n", "REQUESTS", "ANSWERED", "FAILED", "HALF <",
		 "90% <", "99% <");
	for (size_t op = 0; op < COUNT_OPS; op++) {
		const uint64_t *took = s->tally.took[op];
		uint64_t n = 0, failed = 0;

		for (size_t i = 0; i <= COUNT_BUCKETS; i++)
			n += took[i];
		for (size_t f = 0; f <= n_files; f++)
			for (size_t o = COUNT_OK + 1; o < COUNT_OUTCOMES; o++)
				failed += s->tally.requests[f][op][o];
		if (!n && !failed)
			continue;
		prom_put(p, "%-10s %12llu %12llu ", count_op_names[op], (unsigned long long)n,
			 (unsigned long long)failed);
		put_time(p, quantile(took, n, 500));
		prom_put(p, " ");
		put_time(p, quantile(took, n, 900));
		prom_put(p, " ");
		put_time(p, quantile(took, n, 990));
		prom_put(p, "\n");
	}
}

static void tell_files(const struct scene *s, struct prom *p)
{
	const struct tally *t = &s->tally;

	prom_put(p, "\n%-32s %10s %10s %10s %10s\n", "FILE", "OPENED", "RENDERED", "CACHED",
		 "FAILED");
	for (size_t f = 0; f < n_files; f++) {
		unsigned long long opened = t->hits[f] + t->misses[f];

		if (!opened && !t->texts[f][0] && !t->texts[f][1])
			continue;
		prom_put(p, "%-32s %10llu %10llu %10llu %10llu\n", files[f].path, opened,
			 (unsigned long long)t->texts[f][0], (unsigned long long)t->hits[f],
			 (unsigned long long)t->texts[f][1]);
	}
}

/* Nobody's name is to leave its column, or reach the terminal. */
static void put_name(struct prom *p, const char *name)
{
	char text[25] = "(by caller)";

	for (size_t i = 0; name && i < sizeof(text); i++) {
		text[i] = name[i];
		if (!name[i])
			break;
		if (name[i] < ' ' || name[i] == 0x7f)
			text[i] = '?';
	}
	text[sizeof(text) - 1] = '\0';
	prom_put(p, "%-24s", text);
}

static void tell_containers(const struct scene *s, struct prom *p)
{
	prom_put(p, "\n%-24s %6s %12s %10s %10s %8s %6s\n", "CONTAINER", "CPUS", "CPU TIME s",
		 "USED MiB", "TOTAL MiB", "TASKS", "LOAD");
	for (unsigned i = 0; i < s->measures.n; i++) {
		const struct measure *m = &s->measures.all[i];

		put_name(p, m->name);
		prom_put(p, " %6llu %12llu.%02llu %7llu %10llu %8lld %6.2f\n",
			 (unsigned long long)m->cpus, (unsigned long long)(m->used / CGV_NSEC),
			 (unsigned long long)(m->used % CGV_NSEC / 10000000),
			 (unsigned long long)(m->memory.total - m->memory.available) >> 20,
			 (unsigned long long)m->memory.total >> 20,
			 m->tasks == UNMEASURED ? -1ll : (long long)m->tasks,
			 (double)m->load[0] / CGV_LOAD_1);
	}
}

void summary_tell(const struct scene *s, struct prom *p)
{
	unsigned long long ends = 0, calls = 0;

	for (int i = COUNT_CRASHED; i <= COUNT_EXITED; i++)
		ends += s->event[i];
	for (size_t i = 0; i < COUNT_CALLS; i++)
		calls += s->tally.calls[i][0];
	tell_operations(s, p);
	tell_files(s, p);
	prom_put(
	    p,
	    "\nworkers replaced: %llu (%llu crashed, %llu stuck), taken over: %llu times, "
	    "mounts made anew: %llu\nrequests poisoned: %llu, files open: %llu, containers: %u "
	    "registered, %llu by caller\nsystem calls answered: %llu\n",
	    ends, (unsigned long long)s->event[COUNT_CRASHED],
	    (unsigned long long)s->event[COUNT_STUCK], (unsigned long long)s->event[COUNT_TAKEOVER],
	    (unsigned long long)s->event[COUNT_REMOUNT], (unsigned long long)s->tally.poisoned,
	    (unsigned long long)s->open, s->measures.registered, (unsigned long long)s->by_caller,
	    calls);
	if (s->measures.n)
		tell_containers(s, p);
}
