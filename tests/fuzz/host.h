/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host in a temporary directory for fuzzing what reads files. Made once and removed at the
 * end; one file of it is the input.
 */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "procfs/files.h"
#include "tests/fuzz/fuzz.h"

static int host_dir = -EBADF;
static char host_path[64];

static inline void host_put(const char *path, const void *bytes, size_t len)
{
	char part[256];
	int fd;

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		(void)mkdirat(host_dir, part, 0755);
	}
	fd = openat(host_dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	HOLDS(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

static inline void host_text(const char *path, const char *text)
{
	host_put(path, text, strlen(text));
}

static inline int host_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void host_remove(void)
{
	(void)nftw(host_path, host_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Four CPUs, 1 GB, the cgroup "a" on v2, its init is process 7. */
static inline void host_make(struct cgv_host *h)
{
	snprintf(host_path, sizeof(host_path), "%s/pct-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	HOLDS(mkdtemp(host_path));
	(void)atexit(host_remove);
	host_dir = open(host_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	host_text("proc/meminfo", "MemTotal: 1048576 kB\nMemFree: 5 kB\nMemAvailable: 5 kB\n");
	host_text("proc/stat", "cpu 1 2\nintr 1 2\nbtime 5\n");
	host_text("proc/uptime", "1000.00 5.00\n");
	host_text("proc/cpuinfo", "processor\t: 0\n\n");
	host_text("proc/7/cgroup", "0::/a\n");
	host_text("proc/7/stat", "7 (a) S 1 7 7 0 -1 1 1 0 0 0 5 6 0 0 20 0 1 0 2500 0 0\n");
	host_text("sys/devices/system/cpu/possible", "0-3\n");
	host_text("sys/devices/system/cpu/online", "0-3\n");
	host_text("sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory pids\n");
	host_text("sys/fs/cgroup/a/memory.max", "1048576\n");
	host_text("sys/fs/cgroup/a/memory.current", "4096\n");
	HOLDS(cgv_host_open_at(host_dir, h) == 0);
}

static inline struct cgv_container *host_container(const struct cgv_host *h)
{
	struct cgv_container *c;
	struct cgv_place p;

	HOLDS(cgv_place_of_path("a", &p) == 0);
	HOLDS(cgv_container_open(h, &p, &c) == 0);
	cgv_place_free(&p);
	return c;
}
