// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The host: which hierarchy has which controller, its clocks, its own memory.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/base.h"
#include "cgview/cgview.h"
#include "cgview/container.h"
#include "cgview/files.h"
#include "cgview/read.h"

/* One row a controller: its name in v1 and in v2's cgroup.controllers. */
static const struct {
	const char *v1, *v2;
} controllers[CGV_N_CONTROLLERS] = {
	[CGV_MEMORY] = { "memory", "memory" },
	[CGV_CPU] = { "cpu", "cpu" },
	[CGV_CPUACCT] = { "cpuacct", "cpu" },
	[CGV_CPUSET] = { "cpuset", "cpuset" },
	[CGV_IO] = { "blkio", "io" },
	[CGV_PIDS] = { "pids", "pids" },
	[CGV_HUGETLB] = { "hugetlb", "hugetlb" },
	[CGV_UNIFIED] = { NULL, NULL },
};

const char *cgv_controller_v1(enum cgv_controller c)
{
	return controllers[c].v1;
}

enum cgv_owner cgv_owner(const struct cgv_host *h, enum cgv_controller c)
{
	return h->tree[c].owner;
}

static int give(struct cgv_host *h, enum cgv_controller c, enum cgv_owner owner, int dir)
{
	int fd;

	if (h->tree[c].owner != CGV_NONE)
		return 0;
	fd = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	h->tree[c].dir = fd;
	h->tree[c].owner = owner;
	return 0;
}

/* All that the v2 hierarchy at @dir has: itself, and what its cgroup.controllers names. */
static int give_v2(struct cgv_host *h, int dir)
{
	struct span text, word;
	char buf[512];
	int r;

	r = give(h, CGV_UNIFIED, CGV_V2, dir);
	if (r < 0)
		return r;
	r = cgv_read(dir, "cgroup.controllers", buf, sizeof(buf), &text);
	if (r < 0)
		return r;
	while (span_word(&text, &word))
		for (int c = 0; c < CGV_N_CONTROLLERS && r == 0; c++)
			if (controllers[c].v2 && span_is(word, controllers[c].v2))
				r = give(h, (enum cgv_controller)c, CGV_V2, dir);
	return r;
}

static int open_dir(int at, const char *path)
{
	int fd = openat(at, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A v1 hierarchy's controllers are options of its mount. */
static int give_v1(struct cgv_host *h, const struct mntent *m, int dir)
{
	int r = 0;

	for (int c = 0; c < CGV_N_CONTROLLERS && r == 0; c++)
		if (controllers[c].v1 && hasmntopt(m, controllers[c].v1))
			r = give(h, (enum cgv_controller)c, CGV_V1, dir);
	return r;
}

static bool is_a(int dir, long magic)
{
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 && fs.f_type == magic;
}

static int find_live(struct cgv_host *h)
{
	struct mntent m;
	char buf[4096];
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	int r = 0;

	if (!mounts)
		return -errno;
	while (r == 0 && getmntent_r(mounts, &m, buf, sizeof(buf))) {
		bool v1 = strcmp(m.mnt_type, "cgroup") == 0;
		auto_fd dir = -EBADF;

		if (v1 || strcmp(m.mnt_type, "cgroup2") == 0)
			dir = open_dir(AT_FDCWD, m.mnt_dir);
		/* Something else may lie on it by now. */
		if (dir >= 0 && v1 && is_a(dir, CGROUP_SUPER_MAGIC))
			r = give_v1(h, &m, dir);
		else if (dir >= 0 && !v1 && is_a(dir, CGROUP2_SUPER_MAGIC))
			r = give_v2(h, dir);
	}
	endmntent(mounts);
	return r;
}

/* A captured host: v2 at sys/fs/cgroup or its unified/, v1 controllers in folders of their names.
 */
static int find_captured(struct cgv_host *h)
{
	auto_fd top = open_dir(h->root, "sys/fs/cgroup");
	int r = 0;

	if (top < 0)
		return top;
	for (int c = 0; c < CGV_N_CONTROLLERS && r == 0; c++) {
		auto_fd dir = controllers[c].v1 ? open_dir(top, controllers[c].v1) : -EBADF;

		/* On v2 a cgroup may have any name: only a hierarchy's root lacks the file. */
		if (dir >= 0 && faccessat(top, "cgroup.controllers", F_OK, 0) < 0)
			r = give(h, (enum cgv_controller)c, CGV_V1, dir);
	}
	if (r == 0) {
		auto_fd unified = open_dir(top, "unified");
		bool hybrid =
		    unified >= 0 && faccessat(unified, "cgroup.controllers", F_OK, 0) == 0;

		if (hybrid)
			r = give_v2(h, unified);
		else if (faccessat(top, "cgroup.controllers", F_OK, 0) == 0)
			r = give_v2(h, top);
	}
	return r;
}

/* CPUs come and go, but only those in "possible" ever can. */
static int count_cpus(struct cgv_host *h)
{
	struct cgv_cpuset possible;
	struct span text;
	char buf[4096];
	int r;

	r = cgv_read(h->root, "sys/devices/system/cpu/possible", buf, sizeof(buf), &text);
	if (r == 0)
		r = cgv_cpuset_list(text, &possible);
	if (r < 0)
		return r;
	for (unsigned i = 0; (i = cgv_cpuset_next(&possible, i)) < CGV_MAX_CPUS; i++)
		h->cpus = i + 1;
	return h->cpus ? 0 : -EBADMSG;
}

static unsigned numbers_in(struct span line)
{
	unsigned n = 0;
	uint64_t v;

	while (span_u64(&line, &v))
		n++;
	return n;
}

static void learn_headers(struct cgv_host *h, struct cgv_text *buf)
{
	static const char *const names[CGV_N_HEADERS] = {
		[CGV_PAGETYPEINFO] = "pagetypeinfo",
		[CGV_PARTITIONS] = "partitions",
		[CGV_SLABINFO] = "slabinfo",
	};
	struct span text, rest, line;

	for (int i = 0; i < CGV_N_HEADERS; i++) {
		if (cgv_read_text(h->proc, names[i], buf, &text) < 0)
			continue;
		rest = text;
		(void)(span_line(&rest, &line) && span_line(&rest, &line));
		h->header[i] = strndup(text.p, (size_t)(rest.p - text.p));
	}
}

/* What of the kernel's texts stays the same while it runs. */
static int learn_layouts(struct cgv_host *h)
{
	struct cgv_text stat = { 0 };
	struct span text, line, key;
	int r;

	r = cgv_read_text(h->proc, "meminfo", &h->meminfo_text, &h->meminfo_layout);
	if (r == 0)
		r = cgv_read_text(h->proc, "vmstat", &h->vmstat_text, &h->vmstat_layout);
	if (r == -ENOENT) /* then nobody will be shown one */
		r = 0;
	if (r == 0)
		r = cgv_read_text(h->proc, "stat", &stat, &text);
	while (r == 0 && span_line(&text, &line)) {
		if (!span_word(&line, &key))
			continue;
		if (span_is(key, "intr"))
			h->intr_columns = numbers_in(line);
		if (span_is(key, "softirq"))
			h->softirq_columns = numbers_in(line);
	}
	if (r == 0)
		learn_headers(h, &stat);
	free(stat.p);
	return r;
}

static int open_host(struct cgv_host *h)
{
	int r;

	for (int c = 0; c < CGV_N_CONTROLLERS; c++)
		h->tree[c].dir = -EBADF;
	h->meminfo = h->online = h->hugepages = h->overcommit[0] = h->overcommit[1] = -EBADF;
	h->proc = open_dir(h->root, "proc");
	if (h->proc < 0)
		return h->proc;
	h->online = openat(h->root, "sys/devices/system/cpu/online", O_RDONLY | O_CLOEXEC);
	if (h->online < 0)
		return -errno;
	r = cgv_files_new(&h->files);
	if (r == 0)
		r = count_cpus(h);
	if (r == 0 && !h->bare)
		r = learn_layouts(h);
	if (r < 0)
		return r;
	r = h->captured ? find_captured(h) : find_live(h);
	return r < 0 ? r : cgv_host_memory_open(h);
}

static int open_or_close(struct cgv_host *h, struct cgv_host *out)
{
	int r = h->root < 0 ? h->root : open_host(h);

	if (r < 0)
		cgv_host_close(h);
	else
		*out = *h;
	return r;
}

int cgv_host_open(struct cgv_host *out)
{
	struct cgv_host h = { .root = open_dir(AT_FDCWD, "/"), .proc = -EBADF };

	return open_or_close(&h, out);
}

int cgv_host_open_bare(struct cgv_host *out)
{
	struct cgv_host h = { .root = open_dir(AT_FDCWD, "/"), .proc = -EBADF, .bare = true };

	return open_or_close(&h, out);
}

int cgv_host_open_at(int sysroot, struct cgv_host *out)
{
	struct cgv_host h = { .root = open_dir(sysroot, "."), .proc = -EBADF, .captured = true };

	return open_or_close(&h, out);
}

void cgv_host_close(struct cgv_host *h)
{
	for (int c = 0; c < CGV_N_CONTROLLERS; c++)
		if (h->tree[c].owner != CGV_NONE)
			close_fd(&h->tree[c].dir);
	free(h->meminfo_text.p);
	free(h->vmstat_text.p);
	for (int i = 0; i < CGV_N_HEADERS; i++)
		free(h->header[i]);
	cgv_files_free(h->files);
	h->files = NULL;
	close_fd(&h->meminfo);
	close_fd(&h->hugepages);
	close_fd(&h->overcommit[0]);
	close_fd(&h->overcommit[1]);
	close_fd(&h->online);
	close_fd(&h->proc);
	close_fd(&h->root);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * CGV_NSEC + (uint64_t)t.tv_nsec;
}

/* "123.45 …": seconds with two decimals, in ns. */
static int parse_uptime(struct span text, uint64_t *out)
{
	struct span sec;
	uint64_t s, cs;

	if (!span_until(&text, '.', &sec) || !span_u64(&sec, &s) || !span_u64(&text, &cs) ||
	    cs > 99 || s > UINT64_MAX / CGV_NSEC - 1)
		return -EBADMSG;
	*out = s * CGV_NSEC + cs * CGV_TICK;
	return 0;
}

static int captured_now(const struct cgv_host *h, struct cgv_time *out)
{
	static const struct field btime[] = { { "btime", 0 } };
	struct cgv_text stat = { 0 };
	struct cgv_time t;
	struct span text;
	char buf[128];
	int r;

	r = cgv_read(h->proc, "uptime", buf, sizeof(buf), &text);
	if (r == 0)
		r = parse_uptime(text, &t.boot);
	if (r == 0)
		r = cgv_read_text(h->proc, "stat", &stat, &text);
	if (r == 0 && (span_fields(text, btime, 1, &t.real) != 1 || t.real > UINT32_MAX))
		r = -EBADMSG;
	free(stat.p);
	if (r < 0)
		return r;
	t.real = t.real * CGV_NSEC + t.boot;
	*out = t;
	return 0;
}

int cgv_now(const struct cgv_host *h, struct cgv_time *out)
{
	if (h->captured)
		return captured_now(h, out);
	*out =
	    (struct cgv_time){ .boot = clock_ns(CLOCK_BOOTTIME), .real = clock_ns(CLOCK_REALTIME) };
	return 0;
}
