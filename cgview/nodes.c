// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which NUMA nodes a container sees.
 */
#include "cgview/container.h"
#include "cgview/read.h"

#define NODES "sys/devices/system/node/"

static void set(uint64_t *bits, unsigned node)
{
	if (node < CGV_MAX_NODES)
		bits[node / 64] |= 1ull << node % 64;
}

static int read_list(int dir, const char *name, struct cgv_cpuset *out)
{
	struct span text;
	char buf[4096];
	int r = cgv_read(dir, name, buf, sizeof(buf), &text);

	return r < 0 ? r : cgv_cpuset_list(text, out);
}

/* Memory may come from other nodes than those of the CPUs. No controller: from there only. */
static int mems(struct cgv_container *c, struct cgv_cpuset *out)
{
	struct span text;
	char buf[4096];
	int r = -ENOENT;

	for (unsigned level = 0; r == -ENOENT && level < cgv_levels(c, CGV_CPUSET); level++)
		r = cgv_file_read(c, CPUSET_MEMS, level, buf, sizeof(buf), &text);
	if (r == 0)
		return cgv_cpuset_list(text, out);
	*out = (struct cgv_cpuset){ 0 };
	return r == -ENOENT ? 0 : r;
}

int cgv_nodes(struct cgv_container *c, const struct cgv_cpus *cpus, struct cgv_nodes *out)
{
	struct cgv_nodes n = { .first = CGV_MAX_NODES };
	struct cgv_cpuset online, allowed, on;
	char name[64];
	int r;

	r = read_list(c->host->root, NODES "online", &online);
	if (r == -ENOENT) { /* a kernel without NUMA */
		*out = (struct cgv_nodes){ 0 };
		return 0;
	}
	if (r == 0)
		r = mems(c, &allowed);
	for (unsigned i = 0; r == 0 && (i = cgv_cpuset_next(&online, i)) < CGV_MAX_NODES; i++) {
		snprintf(name, sizeof(name), NODES "node%u/cpulist", i);
		r = read_list(c->host->root, name, &on);
		if (r < 0)
			return r;
		cgv_cpuset_and(&on, &cpus->visible);
		if (cgv_cpuset_count(&on))
			set(n.with_cpu, i);
		if (cgv_cpuset_count(&on) || cgv_cpuset_has(&allowed, i)) {
			set(n.bits, i);
			n.first = MIN(n.first, i);
		}
	}
	if (r == 0)
		*out = n;
	return r;
}
