// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The files of a container's cgroup and of its ancestors, by what they say.
 */
#include <fcntl.h>
#include <limits.h>

#include "cgview/files.h"
#include "cgview/read.h"

// clang-format off
static const struct {
	enum cgv_controller in;
	const char *v1, *v2; /* NULL: no such file in that version */
} files[CGV_N_FILES] = {
	[MEM_LIMIT]        = { CGV_MEMORY,  "memory.limit_in_bytes",       "memory.max" },
	[MEM_USAGE]        = { CGV_MEMORY,  "memory.usage_in_bytes",       "memory.current" },
	[MEM_STAT]         = { CGV_MEMORY,  "memory.stat",                 "memory.stat" },
	[MEM_SWAP_LIMIT]   = { CGV_MEMORY,  "memory.memsw.limit_in_bytes", "memory.swap.max" },
	[MEM_SWAP_USAGE]   = { CGV_MEMORY,  "memory.memsw.usage_in_bytes", "memory.swap.current" },
	[MEM_KERNEL]       = { CGV_MEMORY,  "memory.kmem.usage_in_bytes",  NULL },
	[MEM_EVENTS]       = { CGV_MEMORY,  "memory.oom_control",          "memory.events" },
	[CPU_QUOTA]        = { CGV_CPU,     "cpu.cfs_quota_us",            "cpu.max" },
	[CPU_PERIOD]       = { CGV_CPU,     "cpu.cfs_period_us",           NULL },
	[CPU_STAT]         = { CGV_CPU,     "cpu.stat",                    "cpu.stat" },
	[CPU_STAT_LOCAL]   = { CGV_CPU,     "cpu.stat.local",              "cpu.stat.local" },
	[ACCT_STAT]        = { CGV_CPUACCT, "cpuacct.stat",                NULL },
	[ACCT_PERCPU]      = { CGV_CPUACCT, "cpuacct.usage_percpu",        NULL },
	[ACCT_USAGE]       = { CGV_CPUACCT, "cpuacct.usage",               NULL },
	[UNIFIED_CPU_STAT] = { CGV_UNIFIED, NULL,                          "cpu.stat" },
	[CPUSET_CPUS]      = { CGV_CPUSET,  "cpuset.effective_cpus",       "cpuset.cpus.effective" },
	[CPUSET_MEMS]      = { CGV_CPUSET,  "cpuset.effective_mems",       "cpuset.mems.effective" },
	[PIDS_CURRENT]     = { CGV_PIDS,    "pids.current",                "pids.current" },
};
// clang-format on

int cgv_open_at(const struct cgv_host *h, int dir, const char *path, int flags)
{
	int fd;

	do {
		fd = openat(dir, path, flags | O_CLOEXEC);
	} while (fd < 0 && errno == EMFILE && cgv_files_yield(h->files));
	return fd < 0 ? -errno : fd;
}

enum cgv_owner cgv_file_owner(const struct cgv_container *c, enum cgv_file f)
{
	return cgv_owner(c->host, files[f].in);
}

/* "a/b/c" without its last @level parts, and @name in it. */
static int file_path(const char *cgroup, unsigned level, const char *name, char path[PATH_MAX])
{
	size_t n = strlen(cgroup);

	for (; level; level--) {
		while (n && cgroup[n - 1] != '/')
			n--;
		while (n && cgroup[n - 1] == '/')
			n--;
	}
	if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)n, cgroup, n ? "/" : "", name) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

static int open_file(const struct cgv_container *c, enum cgv_file f, unsigned level)
{
	enum cgv_owner owner = cgv_file_owner(c, f);
	const char *name = owner == CGV_V1 ? files[f].v1 : owner == CGV_V2 ? files[f].v2 : NULL;
	const char *cgroup = c->place.path[files[f].in];
	char path[PATH_MAX];
	int r;

	if (!name || !cgroup)
		return -ENOENT;
	r = file_path(cgroup, level, name, path);
	return r < 0 ? r : cgv_open_at(c->host, c->host->tree[files[f].in].dir, path, O_RDONLY);
}

static int read_kept(struct cgv_container *c, enum cgv_file f, unsigned level, char *buf,
		     size_t size, struct span *text)
{
	size_t at = level * CGV_N_FILES + f;
	auto_fd own = -EBADF;
	int r;

	if (c->fd[at] < 0) {
		own = open_file(c, f, level);
		if (own < 0)
			return own;
		if (cgv_files_keep(c, at, own))
			(void)take_fd(&own);
	}
	r = cgv_read_fd(own < 0 ? c->fd[at] : own, buf, size, text);
	if (r == -ENODEV) /* the cgroup was removed; it may be made again under its name */
		cgv_files_drop(c, at);
	return r;
}

int cgv_file_read(struct cgv_container *c, enum cgv_file f, unsigned level, char *buf, size_t size,
		  struct span *text)
{
	int r;

	if (level >= c->levels)
		return -ENOENT;
	cgv_container_hold(c);
	r = read_kept(c, f, level, buf, size, text);
	cgv_container_release(c);
	return r;
}

int cgv_file_glance(const struct cgv_container *c, enum cgv_file f, char *buf, size_t size,
		    struct span *text)
{
	auto_fd fd = open_file(c, f, 0);

	return fd < 0 ? fd : cgv_read_fd(fd, buf, size, text);
}

int cgv_file_below(const struct cgv_container *c, enum cgv_file f, const char *below, char *buf,
		   size_t size, struct span *text)
{
	const char *own = c->place.path[files[f].in], *name = files[f].v1;
	auto_fd fd = -EBADF;
	char path[PATH_MAX];

	if (cgv_file_owner(c, f) != CGV_V1 || !own || !name)
		return -ENOENT;
	if (!*own)
		below++; /* the hierarchy's root has no name before the '/' */
	if (snprintf(path, sizeof(path), "%s%s/%s", own, below, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = cgv_open_at(c->host, c->host->tree[files[f].in].dir, path, O_RDONLY);
	return fd < 0 ? fd : cgv_read_fd(fd, buf, size, text);
}

static int parse_number(struct span text, uint64_t *out)
{
	struct span word;
	uint64_t v;

	if (span_u64(&text, &v))
		*out = v >= (uint64_t)INT64_MAX - 65536 ? CGV_UNLIMITED : v;
	else if (span_word(&text, &word) && span_is(word, "max"))
		*out = CGV_UNLIMITED;
	else
		return -EBADMSG;
	return 0;
}

int cgv_file_number(struct cgv_container *c, enum cgv_file f, unsigned level, uint64_t *out)
{
	struct span text;
	char buf[64];
	int r = cgv_file_read(c, f, level, buf, sizeof(buf), &text);

	return r < 0 ? r : parse_number(text, out);
}

int cgv_glance_number(const struct cgv_container *c, enum cgv_file f, uint64_t *out)
{
	struct span text;
	char buf[64];
	int r = cgv_file_glance(c, f, buf, sizeof(buf), &text);

	return r < 0 ? r : parse_number(text, out);
}

int cgv_number_of(const struct cgv_container *c, enum cgv_controller in, const char *name,
		  uint64_t *out)
{
	auto_fd dir = cgv_open_cgroup(c, in);
	struct span text;
	char buf[64];
	int r = dir < 0 ? dir : cgv_read(dir, name, buf, sizeof(buf), &text);

	return r < 0 ? r : parse_number(text, out);
}
