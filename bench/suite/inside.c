// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is measured in containers: one with views, one without, one with lxcfs's files instead;
 * and on the host.
 */
#include "base/base.h"
#include "bench/suite/suite.h"

// clang-format off
#define READ(file, is_slow) \
	{ file, NULL, PRINTED, "us", .slow = is_slow, .subjects = { \
		{ "views", OURS, NULL, "read_us $INIT100 /proc/" file, NULL, NULL }, \
		{ "lxcfs", PEER, "LXCFS", "read_us $INIT102 /proc/" file, NULL, NULL }, \
		{ "kernel", FLOOR, NULL, "read_us $INIT101 /proc/" file, NULL, NULL }, \
		{ "fast views", OURS, "FAST", "read_us $INIT103 /proc/" file, NULL, NULL }, \
		{ "a tmpfs' file", FLOOR, "CACHED", "read_us $INIT101 /dev/bench/" file, NULL, NULL }, \
		{ "views again", AGAIN, NULL, "read_us $INIT100 /proc/" file, NULL, NULL } } }

static const struct bench_case reads[] = {
	READ("meminfo", false), READ("stat", false), READ("cpuinfo", false),
	READ("uptime", true), READ("loadavg", true), READ("diskstats", true),
};

#define IN(vmid, mode) "${PCT} exec " vmid " -- /bench-work --turns " mode " "

#define WORK(title, mode, unit_, what) \
	{ title, what, TURNS, unit_, .more = true, .subjects = { \
		{ "views", OURS, NULL, IN("100", mode), NULL, NULL }, \
		{ "no views", PEER, NULL, IN("101", mode), NULL, NULL }, \
		{ "host", FLOOR, NULL, "${BENCH}/bench-work --turns " mode, NULL, NULL }, \
		{ "views again", AGAIN, NULL, IN("100", mode), NULL, NULL } } }

#define WIRE(title, mode, unit_, what) \
	{ title, what, TURNS, unit_, .more = true, .needs = "WIRES", .subjects = { \
		{ "views", OURS, NULL, IN("100", mode) "${NET}.100.1", NULL, NULL }, \
		{ "no views", PEER, NULL, IN("101", mode) "${NET}.101.1", NULL, NULL }, \
		{ "views again", AGAIN, NULL, IN("100", mode) "${NET}.100.1", NULL, NULL } } }

/* The same directory for all of them; that of the containers is an idmapped mount, as volumes are. */
#define FILES(title, mode, unit_, place, need, is_slow) \
	{ title, NULL, TURNS, unit_, .more = true, .needs = need, .slow = is_slow, .subjects = { \
		{ "views", OURS, NULL, IN("100", mode) "/" place, NULL, NULL }, \
		{ "no views", PEER, NULL, IN("101", mode) "/" place, NULL, NULL }, \
		{ "host", FLOOR, NULL, "${BENCH}/bench-work --turns " mode " ${FS}/" place, NULL, NULL }, \
		{ "views again", AGAIN, NULL, IN("100", mode) "/" place, NULL, NULL } } }

#define PLACE(named, place, need, is_slow) \
	FILES("files made" named, "create", "/s", place, need, is_slow), \
	FILES("file read, cached" named, "read", "MB/s", place, need, is_slow), \
	FILES("file written, cached" named, "write", "MB/s", place, need, is_slow), \
	FILES("fdatasync of 4 KiB" named, "fsync", "/s", place, need, is_slow)

static const struct bench_case overhead[] = {
	WORK("CPU", "cpu", "M steps/s", NULL),
	WORK("memory", "memory", "GiB/s", "Copies of 64 MiB."),
	WORK("system calls", "syscall", "/s", "getppid(2)."),
	WORK("sysinfo(2)", "sysinfo", "/s", "The one call that views answer themselves: it costs what a round trip to pctfs does."),
	WORK("context switches", "switch", "/s", "A byte to and fro between two processes."),
	WORK("fork and exec", "fork", "/s", NULL),
	PLACE("", "dir", NULL, false),
	PLACE(", raw", "raw", "RAW", true),
	PLACE(", btrfs", "btrfs", "BTRFS", true),
	WIRE("TCP, sent", "send", "MB/s", "Over a veth, to the host."),
	WIRE("TCP, round trips", "trip", "/s", "A byte to and fro over a veth."),
};

/* A tool in 100, 101, 102, between what comes before and after that. */
#define TOOL_BY(title, what, kind_, before, after, ...) \
	{ title, what, kind_, __VA_ARGS__, .subjects = { \
		{ "views", OURS, NULL, before "nsenter -t ${INIT100} -a -- " after, NULL, NULL }, \
		{ "no views", PEER, NULL, before "nsenter -t ${INIT101} -a -- " after, NULL, NULL }, \
		{ "lxcfs", PEER, "LXCFS", before "nsenter -t ${INIT102} -a -- " after, NULL, NULL }, \
		{ "views again", AGAIN, NULL, before "nsenter -t ${INIT100} -a -- " after, NULL, NULL } } }
#define TOOL(title, kind_, command, ...) TOOL_BY(title, NULL, kind_, "", command, __VA_ARGS__)
/* It wants a terminal, draws itself every tenth of a second, and is ended after three seconds. */
#define HTOP "timeout --foreground 3 env TERM=xterm ${HTOP} -d 1"

static const struct bench_case tools[] = {
	TOOL("free", TIMED, "free -m", .slow = false),
	TOOL("uptime", TIMED, "uptime", .slow = false),
	TOOL("ps aux", TIMED, "ps aux", .slow = false),
	TOOL("ps aux, CPU", CPU_USED, "ps aux", .slow = false),
	TOOL("top -bn1", TIMED, "top -bn1", .slow = false),
	TOOL("top -bn1, CPU", CPU_USED, "top -bn1", .slow = false),
	TOOL("vmstat 1 5", TIMED, "vmstat 1 5", .slow = true),
	TOOL("vmstat 1 5, CPU", CPU_USED, "vmstat 1 5", .slow = true),
	TOOL_BY("htop for 3 s, CPU", "On a terminal, drawn every 0.1 s: some thirty pictures.", CPU_USED, "script -qc \"", HTOP "\" /dev/null", .needs = "HTOP", .slow = true),
};
// clang-format on

const struct section section_reads = {
	.name = "reads",
	.title = "Reads: open, read, close of a file in /proc, in a container",
	.about = "Views of pctfs, the same files as lxcfs shows them, and the kernel's own, which "
		 "show the "
		 "host; views as `pct-launch attach --fast` puts them in (texts up to 100 ms old, "
		 "of some "
		 "files), and a file that is nothing but as many bytes in the page cache. In turns "
		 "of "
		 "100 ms; the median of the reads. `make bench-read` has all files.",
	.cases = reads,
	.n = ARRAY_LEN(reads),
	.begin_s = 5,
	.case_s = 8,
};
const struct section section_overhead = {
	.name = "overhead",
	.title = "Overhead: what a container does in a second",
	.about =
	    "The same program on the host, in a container with views and in one without, all of "
	    "them "
	    "there at once and working in turns of 20 ms: what views cost is views ÷ no views, and "
	    "A/A, the same container twice, says how exactly that is known: no difference is told "
	    "where the ratio lies between A/A's least and most, or within 2 % of 1. A round's "
	    "ratio "
	    "is the median of neighbouring turns', and each round has new processes. Files are in "
	    "a "
	    "directory of the host's file system, of ext4 in a raw image behind a loop device (as "
	    "volumes with a size are), and of a btrfs; the same one for all, which containers have "
	    "through an idmapped mount, as their volumes are. A file is made, has 4 KiB written, "
	    "and "
	    "is removed; one that is read or written has 8 MiB.",
	.cases = overhead,
	.n = ARRAY_LEN(overhead),
	.begin_s = 5,
	.case_s = 12,
};
const struct section section_tools = {
	.name = "tools",
	.title = "Tools: how long they take in a container",
	.about =
	    "Debian's own, in containers with the same processes; entered by nsenter, which is the "
	    "same for all.",
	.cases = tools,
	.n = ARRAY_LEN(tools),
	.begin_s = 20,
	.case_s = 10,
};
