// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /sys/devices/system/cpu: the host's files, with every set of CPUs in them cut to the visible.
 * Which cpuN directories are listed is the tree's business.
 */
#include "procfs/files.h"

static int host_text(const struct view *v, struct span *text)
{
	return cgv_read_text(v->host->root, v->path, v->scratch, text);
}

static int visible(const struct view *v, struct out *o)
{
	out_cpulist(o, &v->s->cpus.visible);
	out(o, "\n");
	return 0;
}

static int nothing(const struct view *v, struct out *o)
{
	(void)v;
	out(o, "\n");
	return 0;
}

static int one(const struct view *v, struct out *o)
{
	(void)v;
	out(o, "1\n");
	return 0;
}

static int cut_list(const struct view *v, struct out *o)
{
	struct cgv_cpuset set;
	struct span text;
	int r = host_text(v, &text);

	if (r == 0)
		r = cgv_cpuset_list(text, &set);
	if (r < 0)
		return r;
	cgv_cpuset_and(&set, &v->s->cpus.visible);
	out_cpulist(o, &set);
	out(o, "\n");
	return 0;
}

int cpumask_render(const struct view *v, struct out *o)
{
	struct span text, line, first;
	struct cgv_cpuset set;
	unsigned groups = 1;
	int r = host_text(v, &text);

	if (r == 0)
		r = cgv_cpuset_mask(text, &set);
	if (r < 0)
		return r;
	(void)span_line(&text, &line);
	for (const char *p = line.p; p < line.end; p++)
		groups += *p == ',';
	(void)span_until(&line, ',', &first);
	cgv_cpuset_and(&set, &v->s->cpus.visible);
	out_cpumask(o, &set, groups, (unsigned)span_len(first));
	out(o, "\n");
	return 0;
}

/* Many kernels write "(null)" for a set that they were not started with. */
static int cut_list_if_any(const struct view *v, struct out *o)
{
	struct span text, word;
	int r = host_text(v, &text);

	if (r == 0 && span_word(&text, &word) && span_is(word, "(null)"))
		return nothing(v, o);
	return r < 0 ? r : cut_list(v, o);
}

/* "0 1 2", as cpufreq writes its sets. */
static int cut_words(const struct view *v, struct out *o)
{
	const char *sep = "";
	struct span text;
	uint64_t cpu;
	int r = host_text(v, &text);

	while (r == 0 && span_u64(&text, &cpu)) {
		if (cpu >= CGV_MAX_CPUS || !cgv_cpuset_has(&v->s->cpus.visible, (unsigned)cpu))
			continue;
		out(o, "%s%llu", sep, (unsigned long long)cpu);
		sep = " ";
	}
	out(o, "\n");
	return r;
}

static int as_host(const struct view *v, struct out *o)
{
	struct span text;
	int r = host_text(v, &text);

	if (r == 0)
		out_span(o, text);
	return r;
}

#define TOP "sys/devices/system/cpu/"

// clang-format off
static const struct {
	const char *path; /* whole, or the last part of it in any directory */
	int (*render)(const struct view *v, struct out *o);
} rules[] = {
	{ TOP "online",            visible },
	{ TOP "present",           visible },
	{ TOP "offline",           nothing },
	{ TOP "enabled",           visible },
	{ TOP "isolated",          cut_list },
	{ TOP "nohz_full",         cut_list_if_any },
	{ "online",                one },
	{ "thread_siblings",       cpumask_render },
	{ "thread_siblings_list",  cut_list },
	{ "core_siblings",         cpumask_render },
	{ "core_siblings_list",    cut_list },
	{ "core_cpus",             cpumask_render },
	{ "core_cpus_list",        cut_list },
	{ "package_cpus",          cpumask_render },
	{ "package_cpus_list",     cut_list },
	{ "die_cpus",              cpumask_render },
	{ "die_cpus_list",         cut_list },
	{ "cluster_cpus",          cpumask_render },
	{ "cluster_cpus_list",     cut_list },
	{ "book_siblings",         cpumask_render },
	{ "book_siblings_list",    cut_list },
	{ "drawer_siblings",       cpumask_render },
	{ "drawer_siblings_list",  cut_list },
	{ "shared_cpu_map",        cpumask_render },
	{ "shared_cpu_list",       cut_list },
	{ "related_cpus",          cut_words },
	{ "affected_cpus",         cut_words },
	{ "freqdomain_cpus",       cut_words },
};
// clang-format on

int syscpu_render(const struct view *v, struct out *o)
{
	const char *name = strrchr(v->path, '/') + 1;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (strcmp(rules[i].path, v->path) == 0 || strcmp(rules[i].path, name) == 0)
			return rules[i].render(v, o);
	return as_host(v, o);
}
