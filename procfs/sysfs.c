// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/sysfs.h"

int sysfs_text(const struct view *v, struct span *text)
{
	return cgv_read_text(v->host->root, v->path, v->scratch, text);
}

int sysfs_blank(const struct view *v, struct out *o)
{
	(void)v;
	out(o, "\n");
	return 0;
}

int sysfs_cut_list(const struct view *v, struct out *o)
{
	struct cgv_cpuset set;
	struct span text;
	int r = sysfs_text(v, &text);

	if (r == 0)
		r = cgv_cpuset_list(text, &set);
	if (r < 0)
		return r;
	cgv_cpuset_and(&set, &v->s->cpus.visible);
	out_cpulist(o, &set);
	out(o, "\n");
	return 0;
}

int sysfs_cut_mask(const struct view *v, struct out *o)
{
	struct span text, line;
	struct cgv_cpuset set;
	int r = sysfs_text(v, &text);

	if (r == 0)
		r = cgv_cpuset_mask(text, &set);
	if (r < 0)
		return r;
	(void)span_line(&text, &line);
	cgv_cpuset_and(&set, &v->s->cpus.visible);
	out_cpumask_like(o, &set, line);
	out(o, "\n");
	return 0;
}

int sysfs_as_host(const struct view *v, struct out *o)
{
	struct span text;
	int r = sysfs_text(v, &text);

	if (r == 0)
		out_span(o, text);
	return r;
}

int sysfs_render(const struct sysfs_rule *rules, size_t n, const struct view *v, struct out *o)
{
	const char *name = strrchr(v->path, '/') + 1;

	for (size_t i = 0; i < n; i++)
		if (strcmp(rules[i].path, v->path) == 0 || strcmp(rules[i].path, name) == 0)
			return rules[i].render(v, o);
	return sysfs_as_host(v, o);
}
