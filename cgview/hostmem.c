// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The host's own memory, and its policy about it.
 */
#include <fcntl.h>
#include <sys/sysinfo.h>

#include "cgview/container.h"
#include "cgview/read.h"

static int keep(int dir, const char *path, int *out)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*out = fd < 0 ? -errno : fd;
	return *out < 0 && *out != -ENOENT ? *out : 0;
}

/*
 * In a container whose /proc/meminfo is a view, the outer host's sysinfo(2) need not be one: its
 * word is taken only where both say the same.
 */
static bool is_quick(const struct cgv_host *h, const struct cgv_host_memory *m)
{
	struct sysinfo s;

	return !h->captured && sysinfo(&s) == 0 && (uint64_t)s.totalram * s.mem_unit == m->total &&
	       (uint64_t)s.totalswap * s.mem_unit == m->swap_total;
}

int cgv_host_memory_open(struct cgv_host *h)
{
	struct cgv_host_memory m;
	char path[80];
	int r = keep(h->proc, "meminfo", &h->meminfo);

	if (r == 0 && h->meminfo < 0)
		r = h->meminfo;
	if (r == 0)
		r = keep(h->proc, "sys/vm/overcommit_ratio", &h->overcommit[0]);
	if (r == 0)
		r = keep(h->proc, "sys/vm/overcommit_kbytes", &h->overcommit[1]);
	/* What cannot be read now is told of when it is asked for. */
	if (r < 0 || cgv_host_memory(h, &m) < 0)
		return r;
	h->hugepage_size = m.hugepage_size;
	h->vmalloc_total = m.vmalloc_total;
	h->quick = is_quick(h, &m);
	if (!h->quick || !m.hugepage_size || cgv_owner(h, CGV_HUGETLB) == CGV_NONE)
		return 0;
	snprintf(path, sizeof(path), "sys/kernel/mm/hugepages/hugepages-%llukB/nr_hugepages",
		 (unsigned long long)(m.hugepage_size / 1024));
	r = keep(h->root, path, &h->hugepages);
	h->quick = h->hugepages >= 0;
	return r;
}

static int parse_meminfo(struct span text, struct cgv_host_memory *out)
{
	static const struct field fields[] = {
		{ "MemTotal", offsetof(struct cgv_host_memory, total) },
		{ "MemFree", offsetof(struct cgv_host_memory, free) },
		{ "MemAvailable", offsetof(struct cgv_host_memory, available) },
		{ "SwapTotal", offsetof(struct cgv_host_memory, swap_total) },
		{ "SwapFree", offsetof(struct cgv_host_memory, swap_free) },
		{ "Hugepagesize", offsetof(struct cgv_host_memory, hugepage_size) },
		{ "HugePages_Total", offsetof(struct cgv_host_memory, hugepages) },
		{ "VmallocTotal", offsetof(struct cgv_host_memory, vmalloc_total) },
	};
	struct cgv_host_memory m = { 0 };

	if (!span_fields(text, fields, ARRAY_LEN(fields), &m) || m.total == 0)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		uint64_t *v = (uint64_t *)(void *)((char *)&m + fields[i].offset);

		if (v != &m.hugepages)
			*v = *v > UINT64_MAX / 1024 ? UINT64_MAX : *v * 1024;
	}
	*out = m;
	return 0;
}

int cgv_host_memory(const struct cgv_host *h, struct cgv_host_memory *out)
{
	struct span text;
	char buf[8192];
	int r = cgv_read_fd(h->meminfo, buf, sizeof(buf), &text);

	return r < 0 ? r : parse_meminfo(text, out);
}

static int ask_sysinfo(struct cgv_host_memory *m)
{
	struct sysinfo s;

	if (sysinfo(&s) < 0)
		return -errno;
	m->total = (uint64_t)s.totalram * s.mem_unit;
	m->swap_total = (uint64_t)s.totalswap * s.mem_unit;
	m->swap_free = (uint64_t)s.freeswap * s.mem_unit;
	return 0;
}

int cgv_host_bounds(const struct cgv_host *h, struct cgv_host_memory *out)
{
	struct cgv_host_memory m = { .hugepage_size = h->hugepage_size,
				     .vmalloc_total = h->vmalloc_total };
	struct span text;
	char buf[32];
	int r;

	if (!h->quick)
		return cgv_host_memory(h, out);
	r = ask_sysinfo(&m);
	if (r == 0 && h->hugepages >= 0) {
		r = cgv_read_fd(h->hugepages, buf, sizeof(buf), &text);
		if (r == 0 && !span_u64(&text, &m.hugepages))
			r = -EBADMSG;
	}
	if (r == 0)
		*out = m;
	return r;
}
