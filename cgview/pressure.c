// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>

#include "cgview/container.h"

static const char *const names[CGV_N_PSI] = {
	[CGV_PSI_CPU] = "cpu.pressure",
	[CGV_PSI_IO] = "io.pressure",
	[CGV_PSI_MEMORY] = "memory.pressure",
	[CGV_PSI_IRQ] = "irq.pressure",
};

int cgv_pressure_open(const struct cgv_container *c, enum cgv_pressure p, int flags)
{
	auto_fd dir = cgv_open_cgroup(c, CGV_UNIFIED);
	int fd;

	if (dir < 0)
		return dir == -ENOENT && cgv_owner(c->host, CGV_UNIFIED) == CGV_NONE ? -EOPNOTSUPP
										     : dir;
	fd = openat(dir, names[p], flags | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	return fd;
}
