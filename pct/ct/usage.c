// SPDX-License-Identifier: LGPL-2.1-or-later
#include <time.h>

#include "base/say.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/ct/usage.h"
#include "pct/paths.h"

unsigned usage_host_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

/* Seconds since a process started: field 22 of its stat, in ticks since boot. */
static uint64_t age_of(pid_t pid)
{
	auto_free char *path = text_of("/proc/%d/stat", (int)pid);
	auto_file f = fopen(path, "re");
	char line[1024];
	struct span rest, word = { NULL, NULL };
	struct timespec now;
	uint64_t start;
	char *p;

	if (!f || !fgets(line, sizeof(line), f) || !(p = strrchr(line, ')')))
		return 0;
	rest = span_of(p + 1);
	for (int field = 3; field < 22; field++)
		if (!span_word(&rest, &word))
			return 0;
	if (!span_u64(&rest, &start) || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return 0;
	start /= (uint64_t)sysconf(_SC_CLK_TCK);
	return (uint64_t)now.tv_sec > start ? (uint64_t)now.tv_sec - start : 0;
}

static int read_memory(const struct cgv_host *h, unsigned vmid, struct usage *out)
{
	CLEANUP(cgv_place_free) struct cgv_place place = { 0 };
	struct cgv_container *c;
	struct cgv_memory m;
	char top[CGROUP_TOP];
	auto_free char *path = NULL;
	int r;

	cgroup_top(top);
	path = text_of("%s/%u", top, vmid);
	r = cgv_place_of_path(path, &place);
	if (r == 0)
		r = cgv_container_open(h, &place, &c);
	if (r < 0)
		return r;
	r = cgv_memory(c, &m);
	cgv_container_close(c);
	if (r < 0)
		return r;
	out->memory = m.usage > m.file ? m.usage - m.file : 0;
	out->swap = m.swap_total - m.swap_free;
	return 0;
}

int usage_read(unsigned vmid, struct usage *out)
{
	struct usage u = { 0 };
	struct cgv_host h;
	int r = ct_init(vmid, &u.pid);

	if (r < 0)
		return r;
	u.uptime = age_of(u.pid);
	r = cgv_host_open_bare(&h);
	if (r == 0) {
		r = read_memory(&h, vmid, &u);
		cgv_host_close(&h);
	}
	if (r < 0 && !ct_running(vmid))
		return -ESRCH;
	if (r < 0)
		return fail(r, "read the memory use of CT %u", vmid);
	*out = u;
	return 0;
}
