// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is measured in containers: one with views, one without, one with lxcfs's files instead;
 * and on the host.
 */
#include "base/base.h"
#include "bench/suite/suite.h"

// clang-format off
#define READ(file) \
	{ file, NULL, PRINTED, "us", .subjects = { \
		{ "views", OURS, NULL, "read_us $INIT100 /proc/" file, NULL, NULL }, \
		{ "lxcfs", PEER, "LXCFS", "read_us $INIT102 /proc/" file, NULL, NULL }, \
		{ "kernel", FLOOR, NULL, "read_us $INIT101 /proc/" file, NULL, NULL }, \
		{ "views again", AGAIN, NULL, "read_us $INIT100 /proc/" file, NULL, NULL } } }

static const struct bench_case reads[] = {
	READ("meminfo"), READ("stat"), READ("cpuinfo"), READ("uptime"), READ("loadavg"), READ("diskstats"),
};

#define WORK(title, mode, unit_, what) \
	{ title, what, PRINTED, unit_, .more = true, .subjects = { \
		{ "views", OURS, NULL, "work_in 100 " mode, NULL, NULL }, \
		{ "no views", PEER, NULL, "work_in 101 " mode, NULL, NULL }, \
		{ "host", FLOOR, NULL, "\"$B/bench-work\" " mode " \"$FS/host\"", NULL, NULL }, \
		{ "views again", AGAIN, NULL, "work_in 100 " mode, NULL, NULL } } }

#define WIRE(title, mode, unit_, what) \
	{ title, what, PRINTED, unit_, .more = true, .needs = "WIRES", .subjects = { \
		{ "views", OURS, NULL, "work_in 100 " mode " $NET.100.1", NULL, NULL }, \
		{ "no views", PEER, NULL, "work_in 101 " mode " $NET.101.1", NULL, NULL }, \
		{ "views again", AGAIN, NULL, "work_in 100 " mode " $NET.100.1", NULL, NULL } } }

static const struct bench_case overhead[] = {
	WORK("CPU", "cpu", "M steps/s", NULL),
	WORK("memory", "memory", "GiB/s", "Copies of 64 MiB."),
	WORK("system calls", "syscall", "/s", "getppid(2)."),
	WORK("sysinfo(2)", "sysinfo", "/s", "The one call that views answer themselves: it costs what a round trip to pctfs does."),
	WORK("context switches", "switch", "/s", "A byte to and fro between two processes."),
	WORK("fork and exec", "fork", "/s", NULL),
	WORK("files made", "create", "/s", "Made, 4 KiB written, removed; as the two below in a directory of the host's file system."),
	WORK("file read, cached", "read", "MB/s", NULL),
	WORK("file written, cached", "write", "MB/s", NULL),
	WORK("fdatasync of 4 KiB", "fsync", "/s", NULL),
	WIRE("TCP, sent", "send", "MB/s", "Over a veth, to the host."),
	WIRE("TCP, round trips", "trip", "/s", "A byte to and fro over a veth."),
};

#define TOOL(title, kind_, command, ...) \
	{ title, NULL, kind_, __VA_ARGS__, .subjects = { \
		{ "views", OURS, NULL, "nsenter -t ${INIT100} -a -- " command, NULL, NULL }, \
		{ "no views", PEER, NULL, "nsenter -t ${INIT101} -a -- " command, NULL, NULL }, \
		{ "lxcfs", PEER, "LXCFS", "nsenter -t ${INIT102} -a -- " command, NULL, NULL }, \
		{ "views again", AGAIN, NULL, "nsenter -t ${INIT100} -a -- " command, NULL, NULL } } }

static const struct bench_case tools[] = {
	TOOL("free", TIMED, "free -m", .slow = false),
	TOOL("uptime", TIMED, "uptime", .slow = false),
	TOOL("ps aux", TIMED, "ps aux", .slow = false),
	TOOL("ps aux, CPU", CPU_USED, "ps aux", .slow = false),
	TOOL("top -bn1", TIMED, "top -bn1", .slow = false),
	TOOL("top -bn1, CPU", CPU_USED, "top -bn1", .slow = false),
	TOOL("vmstat 1 2, CPU", CPU_USED, "vmstat 1 2", .slow = true),
	TOOL("htop", TIMED, "htop --version", .needs = "HTOP"),
};
// clang-format on

const struct section section_reads = {
	.name = "reads",
	.title = "Reads: open, read, close of a file in /proc, in a container",
	.about = "Views of pctfs, the same files as lxcfs shows them, and the kernel's own, which "
		 "show the "
		 "host. "
		 "All at once in turns of 20 ms; the median of the reads. `make bench-read` has "
		 "all files.",
	.cases = reads,
	.n = ARRAY_LEN(reads),
};
const struct section section_overhead = {
	.name = "overhead",
	.title = "Overhead: what a container does in a second",
	.about = "The same program on the host, in a container with views and in one without: what "
		 "views "
		 "cost "
		 "is the ratio of the last two, and A/A, the same container twice, says how "
		 "exactly that is "
		 "known.",
	.cases = overhead,
	.n = ARRAY_LEN(overhead),
};
const struct section section_tools = {
	.name = "tools",
	.title = "Tools: how long they take in a container",
	.about =
	    "Debian's own, in containers with the same processes; entered by nsenter, which is the "
	    "same for all.",
	.cases = tools,
	.n = ARRAY_LEN(tools),
};
