// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fuzz/host.h"

/* The first half is proc/PID/stat, which tasks are counted by too, the rest timens_offsets. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cgv_container *c;
	static struct cgv_host h;
	struct cgv_time now = { 1000 * CGV_NSEC, 1700000000 * CGV_NSEC };
	struct cgv_tasks tasks = { 0 };
	struct cgv_age age;

	if (!c) {
		host_make(&h);
		c = host_container(&h);
		host_text("sys/fs/cgroup/a/cgroup.threads", "7\n");
	}
	host_put("proc/7/stat", data, size / 2);
	host_put("proc/7/status", data, size / 2);
	host_put("proc/7/timens_offsets", data + size / 2, size - size / 2);
	if (cgv_age(c, 7, &now, &age) == 0)
		HOLDS(age.timens || age.uptime <= now.boot);
	HOLDS(cgv_tasks(c, 0, &tasks) == 0 && tasks.total <= 1);
	HOLDS(tasks.running + tasks.blocked <= tasks.total);
	return 0;
}
