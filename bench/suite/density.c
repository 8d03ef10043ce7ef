// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Many containers at once: all of it is done by bench/suite-density, which leaves lines "N VALUE".
 */
#include "base/base.h"
#include "bench/suite/suite.h"

// clang-format off
#define OF_PCT(file) { "pct", OURS, NULL, "cat $TOP/pct/" file, NULL, NULL }
#define OF_LXC(file) { "LXC, no views", PEER, "LXC", "cat $TOP/lxc/" file, NULL, NULL }
#define SEEN(title, unit_, file, what) \
	{ title, what, CURVE, unit_, .x = "containers", .subjects = { OF_PCT(file), OF_LXC(file) } }
#define SEEN_OURS(title, unit_, file, what) \
	{ title, what, CURVE, unit_, .x = "containers", .subjects = { OF_PCT(file) } }

static const struct bench_case density[] = {
	SEEN_OURS("create", "ms each", "create", "One after the other, those since the point before."),
	SEEN("start", "ms each", "start", "Likewise, until the command returns. LXC's is lxc-start."),
	SEEN("read of meminfo", "us", "read", "In the first of them, again and again; without views it is the kernel's, which shows the host."),
	SEEN("meminfo of each", "us each", "each", "Each container's once, one after the other: all of them show their 64 MiB, else there is no report."),
	SEEN("list", "ms", "list", "`pct list`, `lxc-ls -f -F NAME,STATE`."),
	SEEN("memory of its processes", "kB each", "processes", "Pss (what is shared counts once) of what runs in it: one init of busybox."),
	SEEN("memory of its manager", "kB each", "manager", "Pss of LXC's monitor, one process a container, pct's and LXC's alike."),
	SEEN_OURS("memory of pctfs", "kB each", "pctfs", "Pss of its processes, which are the same for all containers, divided by them."),
	SEEN("kernel memory, container", "kB each", "kernel-own", "Charged to the container's cgroup: memory.kmem.usage_in_bytes, in cgroup v2 `kernel` of memory.stat."),
	SEEN("kernel memory, manager", "kB each", "kernel-manager", "Likewise, of the monitor's cgroup."),
	{ "kernel memory, host", "What SUnreclaim, KernelStack, PageTables and Percpu of /proc/meminfo have grown since there was none, whoever is charged: what else happens on the host is in it, too.",
	  CURVE, "kB each", .slow = true, .x = "containers", .needs = "MANY", .subjects = { OF_PCT("kernel"), OF_LXC("kernel") } },
	SEEN("stop of all", "s", "stop", "In good order: `pct stopall`, and as many `lxc-stop` at once. A busybox takes more than 2 s for it."),
};
// clang-format on

const struct section section_density = {
	.name = "density",
	.title = "Density: what many containers cost",
	.about =
	    "Busyboxes with 64 MiB and no network, all of them running: first those of LXC's own "
	    "programs, from pct's config and without views; when these are gone, pct's. No turns: "
	    "each number of containers is met once, by the one and by the other.",
	.cases = density,
	.n = ARRAY_LEN(density),
	.begin_s = 300,
};
