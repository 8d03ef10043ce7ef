// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory and swap of a container: its own counters, and the limits of all cgroups above.
 */
#include "cgview/container.h"
#include "cgview/read.h"

#define M(member) offsetof(struct cgv_memory, member)

const struct field cgv_stat_v2[] = {
	{ "anon", M(anon) },
	{ "file", M(file) },
	{ "swapcached", M(swapcached) },
	{ "active_anon", M(active_anon) },
	{ "inactive_anon", M(inactive_anon) },
	{ "active_file", M(active_file) },
	{ "inactive_file", M(inactive_file) },
	{ "unevictable", M(unevictable) },
	{ "shmem", M(shmem) },
	{ "file_mapped", M(mapped) },
	{ "file_dirty", M(dirty) },
	{ "file_writeback", M(writeback) },
	{ "anon_thp", M(anon_huge) },
	{ "shmem_thp", M(shmem_huge) },
	{ "file_thp", M(file_huge) },
	{ "slab", M(slab) },
	{ "slab_reclaimable", M(slab_reclaimable) },
	{ "slab_unreclaimable", M(slab_unreclaimable) },
	{ "kernel_stack", M(kernel_stack) },
	{ "pagetables", M(page_tables) },
	{ "sec_pagetables", M(sec_page_tables) },
	{ "percpu", M(percpu) },
	{ "vmalloc", M(vmalloc) },
	{ "zswap", M(zswap) },
	{ "zswapped", M(zswapped) },
};
const size_t cgv_n_stat_v2 = ARRAY_LEN(cgv_stat_v2);

static const struct field stat_v1[] = {
	{ "total_rss", M(anon) },
	{ "total_cache", M(file) },
	{ "total_swapcached", M(swapcached) },
	{ "total_active_anon", M(active_anon) },
	{ "total_inactive_anon", M(inactive_anon) },
	{ "total_active_file", M(active_file) },
	{ "total_inactive_file", M(inactive_file) },
	{ "total_unevictable", M(unevictable) },
	{ "total_shmem", M(shmem) },
	{ "total_mapped_file", M(mapped) },
	{ "total_dirty", M(dirty) },
	{ "total_writeback", M(writeback) },
	{ "total_rss_huge", M(anon_huge) },
	{ "hierarchical_memory_limit", M(total) },
};

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

/* "No such file" where that means "this source is not there": the value stays as it is. */
static int optional(int r)
{
	return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

static int number_or(struct cgv_container *c, enum cgv_file f, unsigned level, uint64_t missing,
		     uint64_t *out)
{
	int r;

	*out = missing;
	r = cgv_file_number(c, f, level, out);
	return optional(r);
}

/* Of one cgroup, or of it and all above: what it may have and what of that is left. */
struct room {
	uint64_t limit, left;
	uint64_t used; /* of the container's own */
	bool counted;  /* its own has both files */
};

/* The files come with the controller: both are there, or neither. */
static int room_at(struct cgv_container *c, enum cgv_file limit, enum cgv_file usage,
		   unsigned level, struct room *out)
{
	struct room here = { CGV_UNLIMITED, CGV_UNLIMITED, 0, true };
	int r = cgv_file_number(c, limit, level, &here.limit);
	int with;

	/* What an ancestor without a limit uses bounds nothing; it is most of what there is to
	 * read. */
	if (r == 0 && level && here.limit == CGV_UNLIMITED) {
		*out = here;
		return 0;
	}
	with = cgv_file_number(c, usage, level, &here.used);
	if (r < 0 && with < 0 && !optional(r) && !optional(with)) {
		*out = (struct room){ CGV_UNLIMITED, CGV_UNLIMITED, 0, false };
		return 0;
	}
	if (r < 0 || with < 0)
		return r < 0 ? r : with;
	if (here.used == CGV_UNLIMITED)
		return -EBADMSG;
	if (here.limit != CGV_UNLIMITED)
		here.left = less(here.limit, here.used);
	*out = here;
	return 0;
}

/* The kernel enforces every ancestor's limit: the smallest is the limit, the least is left. */
static int room(struct cgv_container *c, enum cgv_file limit, enum cgv_file usage, struct room *out)
{
	struct room least, here;
	int r = room_at(c, limit, usage, 0, &least);

	for (unsigned level = 1; r == 0 && level < cgv_levels(c, CGV_MEMORY); level++) {
		r = room_at(c, limit, usage, level, &here);
		if (r < 0)
			break;
		least.limit = MIN(least.limit, here.limit);
		least.left = MIN(least.left, here.left);
	}
	if (r == 0)
		*out = least;
	return r;
}

static int read_stat(struct cgv_container *c, struct cgv_memory *m)
{
	bool v1 = cgv_file_owner(c, MEM_STAT) == CGV_V1;
	struct span text;
	char buf[8192];
	int r;

	r = cgv_file_read(c, MEM_STAT, 0, buf, sizeof(buf), &text);
	if (r < 0)
		return optional(r);
	if (v1)
		r = (int)span_fields(text, stat_v1, ARRAY_LEN(stat_v1), m);
	else
		r = (int)span_fields(text, cgv_stat_v2, cgv_n_stat_v2, m);
	if (r == 0)
		return -EBADMSG;
	if (!v1)
		return 0;
	r = number_or(c, MEM_KERNEL, 0, 0, &m->slab_unreclaimable);
	m->slab = m->slab_unreclaimable;
	return r;
}

/* v1 counts memory and swap together: what goes beyond the memory limit is swap's. */
static int swap_v1(struct cgv_container *c, const struct room *memory, uint64_t usage,
		   uint64_t *total, uint64_t *used)
{
	struct room both;
	int r;

	*total = *used = 0;
	r = room(c, MEM_SWAP_LIMIT, MEM_SWAP_USAGE, &both);
	if (r < 0 || !both.counted)
		return r;
	*used = less(both.used, usage);
	*total = both.limit == CGV_UNLIMITED ? CGV_UNLIMITED : less(both.limit, memory->limit);
	return 0;
}

static int swap_v2(struct cgv_container *c, uint64_t *total, uint64_t *used)
{
	struct room swap;
	int r;

	*total = *used = 0;
	r = room(c, MEM_SWAP_LIMIT, MEM_SWAP_USAGE, &swap);
	if (r < 0 || !swap.counted)
		return r;
	*used = swap.used;
	*total = swap.limit;
	return 0;
}

static int read_swap(struct cgv_container *c, const struct room *memory,
		     const struct cgv_host_memory *host, struct cgv_memory *m)
{
	uint64_t total, used;
	int r;

	if (!host->swap_total) /* then nobody has any */
		return 0;
	if (cgv_file_owner(c, MEM_SWAP_USAGE) == CGV_V1)
		r = swap_v1(c, memory, m->usage, &total, &used);
	else
		r = swap_v2(c, &total, &used);
	if (r < 0)
		return r;
	used = MIN(used, host->swap_total);
	total = MIN(total, host->swap_total);
	m->swap_total = MAX(total, used);
	m->swap_used = used;
	m->swap_free = m->swap_total - used;
	m->swap_free = MIN(m->swap_free, host->swap_free);
	return 0;
}

/* Of the host's default size. */
static int hugepages(struct cgv_container *c, const struct cgv_host_memory *host,
		     struct cgv_memory *m)
{
	struct cgv_hugepages h;
	int r = cgv_hugepages_of(c, host->hugepage_size, host->hugepages, &h);

	if (r < 0)
		return r;
	m->hugepages = h.total;
	m->hugepages_free = h.free;
	m->hugetlb = h.total * h.size;
	return 0;
}

/* The number in a kept file; without the file @out stays as it is. */
static int policy(int fd, uint64_t *out)
{
	struct span text;
	char buf[32];
	int r = fd < 0 ? fd : cgv_read_fd(fd, buf, sizeof(buf), &text);

	if (r < 0)
		return optional(r);
	return span_u64(&text, out) ? 0 : -EBADMSG;
}

/* CommitLimit by the host's policy, over what the container has. */
static int commit_limit(const struct cgv_host *h, struct cgv_memory *m)
{
	uint64_t ratio = 50, kbytes = 0;
	int r;

	r = policy(h->overcommit[0], &ratio);
	/* The kernel sets each to 0 when the other is written. */
	if (r == 0 && ratio == 0)
		r = policy(h->overcommit[1], &kbytes);
	if (r < 0)
		return r;
	if (kbytes)
		m->commit_limit =
		    MIN(kbytes > UINT64_MAX / 1024 ? UINT64_MAX : kbytes * 1024, m->total);
	else
		m->commit_limit =
		    (uint64_t)((unsigned __int128)m->total * MIN(ratio, 10000u) / 100);
	m->commit_limit = plus(m->commit_limit, m->swap_total);
	return 0;
}

/* v1's own idea of the limit also knows cgroups above the ones that can be seen from here. */
static void join_hierarchical(struct room *room, const struct cgv_memory *m)
{
	if (m->total == 0 || m->total >= room->limit)
		return;
	room->limit = m->total;
	room->left = MIN(room->left, less(m->total, m->usage));
}

static void view(struct cgv_memory *m, const struct room *room, const struct cgv_host_memory *host)
{
	unsigned __int128 gain = m->slab_reclaimable, kept = m->dirty;

	gain += m->active_file;
	gain += m->inactive_file;
	kept += m->writeback;
	gain = gain > kept ? gain - kept : 0;
	m->total = MIN(room->limit, host->total);
	m->limited = m->total < host->total;
	m->free = MIN(room->left, m->total);
	if (!m->limited) {
		m->free = MIN(m->free, less(m->total, m->usage));
		/* The host can have more free than can be had. */
		m->free = MIN(m->free, host->free);
		m->free = MIN(m->free, host->available);
	}
	m->available = (uint64_t)MIN(m->free + gain, (unsigned __int128)m->total);
	if (!m->limited)
		m->available = MIN(m->available, host->available);
}

int cgv_memory(struct cgv_container *c, struct cgv_memory *out)
{
	struct cgv_memory m = { 0 };
	struct cgv_host_memory host;
	struct room memory;
	int r;

	r = cgv_host_bounds(c->host, &host);
	if (r == 0)
		r = room(c, MEM_LIMIT, MEM_USAGE, &memory);
	if (r == 0 && !memory.counted)
		r = cgv_exists(c, CGV_MEMORY);
	if (r == 0)
		r = read_stat(c, &m);
	if (r < 0)
		return r;
	m.usage = memory.used;
	m.hugepage_size = host.hugepage_size;
	m.vmalloc_total = host.vmalloc_total;
	join_hierarchical(&memory, &m);
	if (memory.limit >= host.total)
		r = cgv_host_memory(c->host, &host);
	if (r < 0)
		return r;
	view(&m, &memory, &host);
	r = read_swap(c, &memory, &host, &m);
	if (r == 0)
		r = hugepages(c, &host, &m);
	if (r == 0)
		r = commit_limit(c->host, &m);
	if (r < 0)
		return r;
	m.committed = plus(plus(m.anon, m.shmem), m.swap_used);
	*out = m;
	return 0;
}

int cgv_swap_used(const struct cgv_container *c, uint64_t *out)
{
	uint64_t used = 0, memory = 0;
	int r = optional(cgv_glance_number(c, MEM_SWAP_USAGE, &used));

	if (r == 0 && used && cgv_file_owner(c, MEM_SWAP_USAGE) == CGV_V1)
		r = cgv_glance_number(c, MEM_USAGE, &memory);
	if (r == 0)
		*out = less(used, memory);
	return r;
}
