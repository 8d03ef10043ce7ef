// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/pressure: the container's own, as its cgroup says it.
 */
#include "procfs/files.h"

static const struct {
	const char *path;
	enum cgv_pressure kind;
} kinds[] = {
	{ "proc/pressure/cpu", CGV_PSI_CPU },
	{ "proc/pressure/io", CGV_PSI_IO },
	{ "proc/pressure/memory", CGV_PSI_MEMORY },
	{ "proc/pressure/irq", CGV_PSI_IRQ },
};

bool pressure_kind(const char *path, enum cgv_pressure *out)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].path, path) == 0) {
			*out = kinds[i].kind;
			return true;
		}
	return false;
}

int pressure_render(const struct view *v, struct out *o)
{
	enum cgv_pressure kind;

	if (!pressure_kind(v->path, &kind) || !*v->s->pressure->text[kind])
		return -EOPNOTSUPP;
	out_span(o, span_of(v->s->pressure->text[kind]));
	return 0;
}
