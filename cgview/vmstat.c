// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/vmstat's counters of a container.
 */
#include "cgview/container.h"
#include "cgview/read.h"

#define PAGE 4096u

/* Lines that say in pages (or kB, or huge pages) what cgv_memory has in bytes. */
static const struct {
	const char *key;
	size_t member;
	uint64_t unit;
} sizes[] = {
#define M(member) offsetof(struct cgv_memory, member)
	{ "nr_free_pages", M(free), PAGE },
	{ "nr_zone_inactive_anon", M(inactive_anon), PAGE },
	{ "nr_zone_active_anon", M(active_anon), PAGE },
	{ "nr_zone_inactive_file", M(inactive_file), PAGE },
	{ "nr_zone_active_file", M(active_file), PAGE },
	{ "nr_zone_unevictable", M(unevictable), PAGE },
	{ "nr_mlock", M(unevictable), PAGE },
	{ "nr_inactive_anon", M(inactive_anon), PAGE },
	{ "nr_active_anon", M(active_anon), PAGE },
	{ "nr_inactive_file", M(inactive_file), PAGE },
	{ "nr_active_file", M(active_file), PAGE },
	{ "nr_unevictable", M(unevictable), PAGE },
	{ "nr_slab_reclaimable", M(slab_reclaimable), PAGE },
	{ "nr_slab_unreclaimable", M(slab_unreclaimable), PAGE },
	{ "nr_anon_pages", M(anon), PAGE },
	{ "nr_mapped", M(mapped), PAGE },
	{ "nr_file_pages", M(file), PAGE },
	{ "nr_dirty", M(dirty), PAGE },
	{ "nr_writeback", M(writeback), PAGE },
	{ "nr_shmem", M(shmem), PAGE },
	{ "nr_shmem_hugepages", M(shmem_huge), 512 * PAGE },
	{ "nr_file_hugepages", M(file_huge), 512 * PAGE },
	{ "nr_anon_transparent_hugepages", M(anon_huge), 512 * PAGE },
	{ "nr_kernel_stack", M(kernel_stack), 1024 },
	{ "nr_page_table_pages", M(page_tables), PAGE },
	{ "nr_sec_page_table_pages", M(sec_page_tables), PAGE },
	{ "nr_swapcached", M(swapcached), PAGE },
	{ "nr_hugetlb", M(hugetlb), PAGE },
#undef M
};

bool cgv_vmstat_size(const struct cgv_memory *m, struct span key, uint64_t *out)
{
	uint64_t bytes;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		if (!span_is(key, sizes[i].key))
			continue;
		memcpy(&bytes, (const char *)m + sizes[i].member, sizeof(bytes));
		*out = bytes / sizes[i].unit;
		return true;
	}
	return false;
}

/* Counters of events, which memory.stat has under the very name; v1 only these few. */
static bool is_event(struct span key, bool v1)
{
	static const char *const starts[] = {
		"pgfault",	"pgmajfault", "pgscan",	  "pgsteal",   "pgrefill", "pgactivate",
		"pgdeactivate", "pglazyfree", "pswp",	  "swpin_",    "swpout_",  "thp_",
		"workingset_",	"zswp",	      "pgdemote", "pgpromote", "numa_"
	};
	size_t n = v1 ? 2 : ARRAY_LEN(starts);

	for (size_t i = 0; i < n; i++)
		if (span_starts(key, starts[i]))
			return true;
	return v1 && span_starts(key, "workingset_");
}

/* "pgfault 123" in v2, "total_pgfault 123" in v1. */
static uint64_t find(struct span stat, struct span key, bool v1)
{
	struct span line, name;
	uint64_t v;

	while (span_line(&stat, &line)) {
		if (!span_word(&line, &name))
			continue;
		if (v1 && !span_starts(name, "total_"))
			continue;
		name.p += v1 ? strlen("total_") : 0;
		if (span_len(name) == span_len(key) && memcmp(name.p, key.p, span_len(key)) == 0)
			return span_u64(&line, &v) ? v : 0;
	}
	return 0;
}

/* Disks count in kB in this file. */
static uint64_t paged(const struct cgv_disks *d, bool in)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < d->n; i++)
		bytes += in ? d->disk[i].read_bytes : d->disk[i].written_bytes;
	return bytes / 1024;
}

void cgv_swapped_add(struct cgv_swapped *s, const struct cgv_memory *m)
{
	if (m->swap_used > s->used)
		s->out += m->swap_used - s->used;
	s->used = m->swap_used;
}

int cgv_vmstat(struct cgv_container *c, const struct cgv_memory *m, const struct cgv_disks *disks,
	       const struct cgv_swapped *s, struct cgv_vmstat *out)
{
	bool v1 = cgv_file_owner(c, MEM_STAT) == CGV_V1;
	struct span layout = c->host->vmstat_layout, stat, line, key;
	char buf[8192];
	int r;

	r = cgv_file_read(c, MEM_STAT, 0, buf, sizeof(buf), &stat);
	if (r == -ENOENT) {
		stat = span_of("");
		r = cgv_exists(c, CGV_MEMORY);
	}
	if (r < 0)
		return r;
	for (out->n = 0; out->n < CGV_VM_KEYS && span_line(&layout, &line); out->n++) {
		uint64_t *v = &out->value[out->n];

		*v = 0;
		if (!span_word(&line, &key) || cgv_vmstat_size(m, key, v))
			continue;
		if (span_is(key, "pgpgin") || span_is(key, "pgpgout"))
			*v = paged(disks, span_is(key, "pgpgin"));
		else if (is_event(key, v1))
			*v = find(stat, key, v1);
		if (span_is(key, "pswpout"))
			*v = MAX(*v, s->out / PAGE);
	}
	return 0;
}
