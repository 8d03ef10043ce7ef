// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /sys/kernel/mm/hugepages, and its like below each NUMA node: what the container has a limit for.
 */
#include "procfs/sysfs.h"

/* The size in ".../hugepages-2048kB/..." */
static const struct cgv_hugepages *of_path(const struct view *v)
{
	static const struct cgv_hugepages none;
	const char *p = strstr(v->path, "/hugepages-");
	uint64_t size = p ? strtoull(p + strlen("/hugepages-"), NULL, 10) * 1024 : 0;

	for (int i = 0; i < CGV_HUGE_SIZES; i++)
		if (size && v->s->hugepages[i].size == size)
			return &v->s->hugepages[i];
	return &none;
}

static int number(uint64_t n, struct out *o)
{
	out(o, "%llu\n", (unsigned long long)n);
	return 0;
}

int hugepages_total(const struct view *v, struct out *o)
{
	return number(of_path(v)->total, o);
}

int hugepages_free(const struct view *v, struct out *o)
{
	return number(of_path(v)->free, o);
}

int sysfs_zero(const struct view *v, struct out *o)
{
	(void)v;
	return number(0, o);
}

// clang-format off
static const struct sysfs_rule rules[] = {
	{ "nr_hugepages",             hugepages_total },
	{ "nr_hugepages_mempolicy",   hugepages_total },
	{ "free_hugepages",           hugepages_free },
	{ "resv_hugepages",           sysfs_zero },
	{ "surplus_hugepages",        sysfs_zero },
	{ "nr_overcommit_hugepages",  sysfs_zero },
};
// clang-format on

int hugepages_render(const struct view *v, struct out *o)
{
	return sysfs_render(rules, ARRAY_LEN(rules), v, o);
}
