// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/files.h"

// clang-format off
const struct file files[] = {
	/* path                        needs                                  render */
	{ "proc/cpuinfo",              NEED_CPUS,                             cpuinfo_render },
	{ "proc/loadavg",              NEED_TASKS,                            loadavg_render },
	{ "proc/meminfo",              NEED_MEMORY,                           meminfo_render },
	{ "proc/stat",                 NEED_CPUTIME | NEED_AGE | NEED_TASKS,  stat_render },
	{ "proc/swaps",                NEED_MEMORY,                           swaps_render },
	{ "proc/uptime",               NEED_CPUTIME | NEED_AGE,               uptime_render },
	{ "sys/devices/system/cpu/",   NEED_CPUS,                             syscpu_render },
};
// clang-format on
const size_t n_files = ARRAY_LEN(files);

static bool serves(const struct file *f, const char *path)
{
	size_t n = strlen(f->path);

	return f->path[n - 1] == '/' ? strncmp(f->path, path, n) == 0 && path[n]
				     : strcmp(f->path, path) == 0;
}

const struct file *file_find(const char *path)
{
	for (size_t i = 0; i < n_files; i++)
		if (serves(&files[i], path))
			return &files[i];
	return NULL;
}

int file_render(const struct file *f, const struct view *v, struct out *o)
{
	int r = f->render(v, o);

	return r < 0 ? r : o->full ? -E2BIG : 0;
}
