// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>

#include "procfs/files.h"

// clang-format off
const struct file files[] = {
	/* path                              needs                                  render */
	{ "proc/buddyinfo",                  NEED_MEMORY,                           empty_render },
	{ "proc/cpuinfo",                    NEED_CPUS | NEED_PERSONALITY,          cpuinfo_render },
	{ "proc/diskstats",                  NEED_DISKS,                            diskstats_render },
	{ "proc/interrupts",                 NEED_CPUS,                             percpu_render },
	{ "proc/loadavg",                    NEED_TASKS,                            loadavg_render },
	{ "proc/meminfo",                    NEED_MEMORY,                           meminfo_render },
	{ "proc/pagetypeinfo",               NEED_MEMORY,                           pagetypeinfo_render },
	{ "proc/partitions",                 NEED_MEMORY,                           partitions_render },
	{ "proc/pressure/cpu",               NEED_PRESSURE,                         pressure_render },
	{ "proc/pressure/io",                NEED_PRESSURE,                         pressure_render },
	{ "proc/pressure/irq",               NEED_PRESSURE,                         pressure_render },
	{ "proc/pressure/memory",            NEED_PRESSURE,                         pressure_render },
	{ "proc/schedstat",                  NEED_CPUS | NEED_AGE,                  schedstat_render },
	{ "proc/slabinfo",                   NEED_MEMORY,                           slabinfo_render },
	{ "proc/softirqs",                   NEED_CPUS,                             percpu_render },
	{ "proc/stat",                       NEED_CPUTIME | NEED_AGE | NEED_TASKS,  stat_render },
	{ "proc/swaps",                      NEED_MEMORY,                           swaps_render },
	{ "proc/sys/kernel/random/boot_id",  NEED_MEMORY | NEED_BOOT_ID,            boot_id_render },
	{ "proc/uptime",                     NEED_CPUTIME | NEED_AGE,               uptime_render },
	{ "proc/vmstat",                     NEED_VMSTAT,                           vmstat_render },
	{ "proc/zoneinfo",                   NEED_NODES,                            zoneinfo_render },
	{ "sys/devices/system/cpu/",         NEED_CPUS,                             syscpu_render },
	{ "sys/devices/system/memory/",      0,                                     NULL },
	{ "sys/devices/system/node/",        NEED_NUMA | NEED_HUGEPAGES,            sysnode_render },
	{ "sys/devices/virtual/dmi/id/product_uuid",
	                                     NEED_MEMORY | NEED_PRODUCT_UUID,       product_uuid_render },
	{ "sys/kernel/mm/hugepages/",        NEED_MEMORY | NEED_HUGEPAGES,          hugepages_render },
};
// clang-format on
const size_t n_files = ARRAY_LEN(files);

static bool serves(const struct file *f, const char *path)
{
	size_t n = strlen(f->path);

	if (f->path[n - 1] != '/')
		return strcmp(f->path, path) == 0;
	return f->render && strncmp(f->path, path, n) == 0 && path[n];
}

const struct file *file_find(const char *path)
{
	for (size_t i = 0; i < n_files; i++)
		if (serves(&files[i], path))
			return &files[i];
	return NULL;
}

bool file_is_served(const struct cgv_host *h, const struct file *f)
{
	return faccessat(h->root, f->path, F_OK, 0) == 0;
}

bool file_is_direct(const struct file *f)
{
	return f->render == uptime_render;
}

bool file_is_fast(const struct file *f)
{
	return !file_is_direct(f) && !file_is_writable(f) && !(f->needs & NEED_PERSONALITY);
}

bool file_is_writable(const struct file *f)
{
	return f->needs & NEED_PRESSURE;
}

mode_t file_mode(const struct file *f)
{
	return file_is_writable(f) ? 0666 : f->needs & NEED_PRODUCT_UUID ? 0400 : 0444;
}

bool file_yields(const struct file *f)
{
	return f->needs & (NEED_BOOT_ID | NEED_PRODUCT_UUID);
}

int file_render(const struct file *f, const struct view *v, struct out *o)
{
	int r = f->render(v, o);

	return r < 0 ? r : o->full ? -E2BIG : 0;
}
