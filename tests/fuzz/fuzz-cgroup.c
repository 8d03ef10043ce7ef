// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/fuzz/host.h"

/* The first byte says which file of a cgroup the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		const char *name, *usual;
	} names[] = {
		{ "cpu.max", "150000 100000\n" },
		{ "cpu.stat", "user_usec 5\nsystem_usec 6\n" },
		{ "cpuset.cpus.effective", "0-2\n" },
		{ "memory.max", "1048576\n" },
		{ "memory.current", "4096\n" },
		{ "memory.swap.max", "max\n" },
		{ "memory.swap.current", "0\n" },
		{ "memory.stat", "anon 5\n" },
	};
	static struct cgv_container *c;
	static struct cgv_host h;
	struct cgv_memory m;
	struct cgv_cpu_usage u = { 0 };
	struct cgv_cpus cpus;
	char path[64];
	size_t which;

	if (!c) {
		host_make(&h);
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			snprintf(path, sizeof(path), "sys/fs/cgroup/a/%s", names[i].name);
			host_text(path, names[i].usual);
		}
		c = host_container(&h);
	}
	if (!size)
		return 0;
	which = *data % ARRAY_LEN(names);
	snprintf(path, sizeof(path), "sys/fs/cgroup/a/%s", names[which].name);
	host_put(path, data + 1, size - 1);
	if (cgv_memory(c, &m) == 0) {
		HOLDS(m.free <= m.available && m.available <= m.total && m.total <= 1u << 30);
		HOLDS(m.swap_free <= m.swap_total);
	}
	if (cgv_cpus(c, &cpus) == 0) {
		HOLDS(cpus.count >= 1 && cpus.count <= 4);
		HOLDS(cpus.count == cgv_cpuset_count(&cpus.visible));
		(void)!cgv_cpu_usage(c, &cpus, &u);
	}
	host_text(path, names[which].usual);
	return 0;
}
