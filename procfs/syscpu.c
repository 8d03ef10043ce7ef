// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /sys/devices/system/cpu: the host's files, with every set of CPUs in them cut to the visible.
 * Which cpuN directories are listed is the tree's business.
 */
#include "procfs/sysfs.h"

static int visible(const struct view *v, struct out *o)
{
	out_cpulist(o, &v->s->cpus.visible);
	out(o, "\n");
	return 0;
}

/*
 * What programs size arrays by for as long as they run. Only a cpuset that never changes bounds
 * them closer than the host does; its quota may change.
 */
static int possible(const struct view *v, struct out *o)
{
	if (!v->s->fixed_cpus)
		return sysfs_as_host(v, o);
	out_cpulist(o, &v->s->cpus.allowed);
	out(o, "\n");
	return 0;
}

/* The highest number there can be. */
static int kernel_max(const struct view *v, struct out *o)
{
	unsigned last = 0;

	if (!v->s->fixed_cpus)
		return sysfs_as_host(v, o);
	for (unsigned i = 0; (i = cgv_cpuset_next(&v->s->cpus.allowed, i)) < CGV_MAX_CPUS; i++)
		last = i;
	out(o, "%u\n", last);
	return 0;
}

static int one(const struct view *v, struct out *o)
{
	(void)v;
	out(o, "1\n");
	return 0;
}

/* Many kernels write "(null)" for a set that they were not started with. */
static int cut_list_if_any(const struct view *v, struct out *o)
{
	struct span text, word;
	int r = sysfs_text(v, &text);

	if (r == 0 && span_word(&text, &word) && span_is(word, "(null)"))
		return sysfs_blank(v, o);
	return r < 0 ? r : sysfs_cut_list(v, o);
}

/* "0 1 2", as cpufreq writes its sets. */
static int cut_words(const struct view *v, struct out *o)
{
	const char *sep = "";
	struct span text;
	uint64_t cpu;
	int r = sysfs_text(v, &text);

	while (r == 0 && span_u64(&text, &cpu)) {
		if (cpu >= CGV_MAX_CPUS || !cgv_cpuset_has(&v->s->cpus.visible, (unsigned)cpu))
			continue;
		out(o, "%s%llu", sep, (unsigned long long)cpu);
		sep = " ";
	}
	out(o, "\n");
	return r;
}

#define TOP "sys/devices/system/cpu/"

// clang-format off
static const struct sysfs_rule rules[] = {
	{ TOP "online",            visible },
	{ TOP "present",           visible },
	{ TOP "possible",          possible },
	{ TOP "kernel_max",        kernel_max },
	{ TOP "offline",           sysfs_blank },
	{ TOP "enabled",           visible },
	{ TOP "isolated",          sysfs_cut_list },
	{ TOP "nohz_full",         cut_list_if_any },
	{ "online",                one },
	{ "thread_siblings",       sysfs_cut_mask },
	{ "thread_siblings_list",  sysfs_cut_list },
	{ "core_siblings",         sysfs_cut_mask },
	{ "core_siblings_list",    sysfs_cut_list },
	{ "core_cpus",             sysfs_cut_mask },
	{ "core_cpus_list",        sysfs_cut_list },
	{ "package_cpus",          sysfs_cut_mask },
	{ "package_cpus_list",     sysfs_cut_list },
	{ "die_cpus",              sysfs_cut_mask },
	{ "die_cpus_list",         sysfs_cut_list },
	{ "cluster_cpus",          sysfs_cut_mask },
	{ "cluster_cpus_list",     sysfs_cut_list },
	{ "book_siblings",         sysfs_cut_mask },
	{ "book_siblings_list",    sysfs_cut_list },
	{ "drawer_siblings",       sysfs_cut_mask },
	{ "drawer_siblings_list",  sysfs_cut_list },
	{ "shared_cpu_map",        sysfs_cut_mask },
	{ "shared_cpu_list",       sysfs_cut_list },
	{ "related_cpus",          cut_words },
	{ "affected_cpus",         cut_words },
	{ "freqdomain_cpus",       cut_words },
};
// clang-format on

int syscpu_render(const struct view *v, struct out *o)
{
	return sysfs_render(rules, ARRAY_LEN(rules), v, o);
}
