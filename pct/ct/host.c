// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>

#include "base/say.h"
#include "pct/ct/host.h"
#include "pct/ct/limits.h"

static void free_text(struct cgv_text *t)
{
	free(t->p);
}

/* A list of CPUs: "0-3,8". */
static int read_cpus(int dir, const char *name, struct cgv_cpuset *out)
{
	CLEANUP(free_text) struct cgv_text text = { 0 };
	struct span span;
	int r = cgv_read_text(dir, name, &text, &span);

	return r < 0 ? r : cgv_cpuset_list(span, out);
}

/* Without a cpuset controller: all that are online. */
static int find_cpus(const struct cgv_host *h, struct cgv_cpuset *out)
{
	static const char *const names[] = { "cpuset.cpus.effective", "cpuset.effective_cpus",
					     "cpuset.cpus" };

	for (size_t i = 0; h->tree[CGV_CPUSET].owner != CGV_NONE && i < ARRAY_LEN(names); i++)
		if (read_cpus(h->tree[CGV_CPUSET].dir, names[i], out) == 0)
			return 0;
	return read_cpus(h->root, "sys/devices/system/cpu/online", out);
}

/* On v2 the root has no such file: what the first cgroup with a memory limit has, holds. */
static bool counts_swap_v2(int root)
{
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	bool swap = true;

	while (dir && (e = readdir(dir))) {
		auto_fd child = e->d_type == DT_DIR && e->d_name[0] != '.'
				    ? openat(fd, e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC)
				    : -EBADF;

		if (child < 0 || faccessat(child, "memory.max", F_OK, 0) < 0)
			continue;
		swap = faccessat(child, "memory.swap.max", F_OK, 0) == 0;
		break;
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return swap;
}

static bool counts_swap(const struct cgv_host *h)
{
	int dir = h->tree[CGV_MEMORY].dir;

	switch (cgv_owner(h, CGV_MEMORY)) {
	case CGV_V1:
		return faccessat(dir, "memory.memsw.limit_in_bytes", F_OK, 0) == 0;
	case CGV_V2:
		return counts_swap_v2(dir);
	default:
		return false;
	}
}

/* 0: it is not there. */
static uint64_t read_number(int dir, const char *name)
{
	CLEANUP(free_text) struct cgv_text text = { 0 };
	struct span span;
	uint64_t n;

	return cgv_read_text(dir, name, &text, &span) == 0 && span_u64(&span, &n) ? n : 0;
}

int host_open(struct cgv_host *h, struct host_layout *out)
{
	struct host_layout l = { 0 };
	int r = cgv_host_open_bare(h);

	if (r < 0)
		return fail(r, "find the cgroups of this host; is '/sys/fs/cgroup' mounted?");
	for (int c = 0; c < CGV_N_CONTROLLERS; c++)
		l.owner[c] = cgv_owner(h, (enum cgv_controller)c);
	l.swap = counts_swap(h);
	l.pids = limits_pids_of(read_number(h->proc, "sys/kernel/threads-max"),
				read_number(h->proc, "sys/kernel/pid_max"));
	r = find_cpus(h, &l.cpus);
	if (r < 0) {
		cgv_host_close(h);
		return fail(r, "find the CPUs of this host");
	}
	*out = l;
	return 0;
}
