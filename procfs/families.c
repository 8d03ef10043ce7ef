// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is told of the daemon: a table of families, with who writes the samples of each.
 */
#include "base/base.h"
#include "procfs/pages.h"

struct family {
	const char *name;
	enum prom_type type;
	const char *help;
	void (*tell)(const struct scene *s, const char *name, struct prom *p);
};

static const char *file_name(size_t i)
{
	return i < n_files ? files[i].path : "other";
}

/* ---- samples with labels: only those that are not 0 ---- */

static void tell_requests(const struct scene *s, const char *name, struct prom *p)
{
	for (size_t f = 0; f <= n_files; f++)
		for (size_t op = 0; op < COUNT_OPS; op++)
			for (size_t o = 0; o < COUNT_OUTCOMES; o++) {
				uint64_t n = s->tally.requests[f][op][o];

				if (!n)
					continue;
				prom_put(p, "%s{file=\"%s\",operation=\"%s\",outcome=\"%s\"}", name,
					 file_name(f), count_op_names[op], count_outcome_names[o]);
				prom_number(p, PROM_PLAIN, n);
			}
}

static void tell_latency(const struct scene *s, const char *name, struct prom *p)
{
	for (size_t op = 0; op < COUNT_OPS; op++) {
		const char *what = count_op_names[op];
		unsigned long long sum = 0;

		for (size_t i = 0; i < COUNT_BUCKETS; i++) {
			sum += s->tally.took[op][i];
			prom_put(p, "%s_bucket{operation=\"%s\",le=\"%g\"} %llu\n", name, what,
				 (double)count_bounds[i] / 1e9, sum);
		}
		sum += s->tally.took[op][COUNT_BUCKETS];
		prom_put(p, "%s_bucket{operation=\"%s\",le=\"+Inf\"} %llu\n", name, what, sum);
		prom_put(p, "%s_sum{operation=\"%s\"}", name, what);
		prom_number(p, PROM_NSEC, s->tally.took_ns[op]);
		prom_put(p, "%s_count{operation=\"%s\"} %llu\n", name, what, sum);
	}
}

static void tell_texts(const struct scene *s, const char *name, struct prom *p)
{
	for (size_t f = 0; f < n_files; f++)
		for (int failed = 0; failed < 2; failed++) {
			if (!s->tally.texts[f][failed])
				continue;
			prom_put(p, "%s{file=\"%s\",outcome=\"%s\"}", name, file_name(f),
				 failed ? "error" : "ok");
			prom_number(p, PROM_PLAIN, s->tally.texts[f][failed]);
		}
}

static void tell_by_file(const uint64_t *n, const char *name, struct prom *p)
{
	for (size_t f = 0; f < n_files; f++)
		if (n[f]) {
			prom_put(p, "%s{file=\"%s\"}", name, file_name(f));
			prom_number(p, PROM_PLAIN, n[f]);
		}
}

static void tell_hits(const struct scene *s, const char *name, struct prom *p)
{
	tell_by_file(s->tally.hits, name, p);
}

static void tell_misses(const struct scene *s, const char *name, struct prom *p)
{
	tell_by_file(s->tally.misses, name, p);
}

static void tell_calls(const struct scene *s, const char *name, struct prom *p)
{
	for (size_t i = 0; i < COUNT_CALLS; i++)
		for (int left = 0; left < 2; left++) {
			prom_put(p, "%s{call=\"%s\",outcome=\"%s\"}", name, count_call_names[i],
				 left ? "kernel" : "answered");
			prom_number(p, PROM_PLAIN, s->tally.calls[i][left]);
		}
}

static void tell_containers(const struct scene *s, const char *name, struct prom *p)
{
	prom_put(p, "%s{known=\"registered\"} %u\n", name, s->measures.registered);
	prom_put(p, "%s{known=\"by_caller\"}", name);
	prom_number(p, PROM_PLAIN, s->by_caller);
}

static void tell_restarts(const struct scene *s, const char *name, struct prom *p)
{
	static const char *const reason[] = {
		[COUNT_CRASHED] = "crash",
		[COUNT_KILLED] = "killed",
		[COUNT_STUCK] = "stuck",
		[COUNT_EXITED] = "exit",
	};

	for (size_t i = 0; i < ARRAY_LEN(reason); i++) {
		prom_put(p, "%s{reason=\"%s\"}", name, reason[i]);
		prom_number(p, PROM_PLAIN, s->event[i]);
	}
}

/* ---- one sample ---- */

#define ONE(fn, unit, value)                                                                       \
	static void fn(const struct scene *s, const char *name, struct prom *p)                    \
	{                                                                                          \
		prom_sample(p, name, "", unit, value);                                             \
	}
ONE(tell_takeovers, PROM_PLAIN, s->event[COUNT_TAKEOVER])
ONE(tell_remounts, PROM_PLAIN, s->event[COUNT_REMOUNT])
ONE(tell_keepers, PROM_PLAIN, s->event[COUNT_KEEPER])
ONE(tell_poisoned, PROM_PLAIN, s->tally.poisoned)
ONE(tell_failed, PROM_PLAIN, s->measures.failed)
ONE(tell_open, PROM_PLAIN, s->open)
ONE(tell_cgroup_files, PROM_PLAIN, s->cgroup_files)
ONE(tell_started, PROM_NSEC, s->started)
ONE(tell_cpu, PROM_NSEC, s->cpu)
ONE(tell_resident, PROM_PLAIN, s->resident)
ONE(tell_asked, PROM_PLAIN, s->asked)
ONE(tell_took, PROM_NSEC, s->took)

// clang-format off
static const struct family families[] = {
	{ "pctfs_requests_total",             PROM_COUNTER,   "Requests answered, by file, operation and outcome",                          tell_requests },
	{ "pctfs_request_duration_seconds",   PROM_HISTOGRAM, "How long a worker's thread took to answer, by operation",                    tell_latency },
	{ "pctfs_renders_total",              PROM_COUNTER,   "Texts made, by file and outcome",                                            tell_texts },
	{ "pctfs_cache_hits_total",           PROM_COUNTER,   "Openers who were shown a text that was there",                               tell_hits },
	{ "pctfs_cache_misses_total",         PROM_COUNTER,   "Openers for whom a text was made",                                           tell_misses },
	{ "pctfs_syscalls_total",             PROM_COUNTER,   "System calls of containers asked about: answered, or left to the kernel",    tell_calls },
	{ "pctfs_containers",                 PROM_GAUGE,     "Containers, registered or known by their callers only",                      tell_containers },
	{ "pctfs_containers_unreadable",      PROM_GAUGE,     "Containers whose cgroups could not be read just now",                        tell_failed },
	{ "pctfs_open_files",                 PROM_GAUGE,     "Files that somebody has open",                                               tell_open },
	{ "pctfs_cgroup_files",               PROM_GAUGE,     "Files of cgroups that are kept open",                                        tell_cgroup_files },
	{ "pctfs_worker_restarts_total",      PROM_COUNTER,   "Workers that ended, and another went on, by reason",                         tell_restarts },
	{ "pctfs_requests_poisoned_total",    PROM_COUNTER,   "Requests answered by an error because workers crashed at them",              tell_poisoned },
	{ "pctfs_takeovers_total",            PROM_COUNTER,   "Times another program took over",                                            tell_takeovers },
	{ "pctfs_remounts_total",             PROM_COUNTER,   "Times a mount was cut off and made anew",                                    tell_remounts },
	{ "pctfs_keeper_starts_total",        PROM_COUNTER,   "Keepers that have served, one after the other",                              tell_keepers },
	{ "pctfs_worker_start_time_seconds",  PROM_GAUGE,     "When the worker was started, since 1970",                                    tell_started },
	{ "pctfs_worker_cpu_seconds_total",   PROM_COUNTER,   "CPU time this worker has used",                                              tell_cpu },
	{ "pctfs_worker_resident_bytes",      PROM_GAUGE,     "Memory it has, shared memory included",                                      tell_resident },
	{ "pctfs_scrapes_total",              PROM_COUNTER,   "Times this worker has looked at all containers for metrics",                 tell_asked },
	{ "pctfs_scrape_duration_seconds",    PROM_GAUGE,     "How long the last such look took",                                           tell_took },
};
// clang-format on

void daemon_tell(const struct scene *s, struct prom *p)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		prom_family(p, families[i].name, families[i].type, families[i].help);
		families[i].tell(s, families[i].name, p);
	}
}

void daemon_list(const struct prom_reader *r)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		r->hear(families[i].name, families[i].type, families[i].help, r->to);
}
