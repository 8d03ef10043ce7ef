// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/meminfo: the running kernel's own lines in its own order, each by its rule here; a line
 * that has none has no source per container and reads 0.
 */
#include "procfs/files.h"

#define M(member) (offsetof(struct cgv_memory, member) + 1) /* 0: nothing */

// clang-format off
static const struct {
	const char *key;
	size_t value, plus; /* members of struct cgv_memory, to be added */
} rules[] = {
	{ "MemTotal",        M(total),              0 },
	{ "MemFree",         M(free),               0 },
	{ "MemAvailable",    M(available),          0 },
	{ "Cached",          M(file),               0 },
	{ "SwapCached",      M(swapcached),         0 },
	{ "Active",          M(active_anon),        M(active_file) },
	{ "Inactive",        M(inactive_anon),      M(inactive_file) },
	{ "Active(anon)",    M(active_anon),        0 },
	{ "Inactive(anon)",  M(inactive_anon),      0 },
	{ "Active(file)",    M(active_file),        0 },
	{ "Inactive(file)",  M(inactive_file),      0 },
	{ "Unevictable",     M(unevictable),        0 },
	{ "Mlocked",         M(unevictable),        0 },
	{ "SwapTotal",       M(swap_total),         0 },
	{ "SwapFree",        M(swap_free),          0 },
	{ "Zswap",           M(zswap),              0 },
	{ "Zswapped",        M(zswapped),           0 },
	{ "Dirty",           M(dirty),              0 },
	{ "Writeback",       M(writeback),          0 },
	{ "AnonPages",       M(anon),               0 },
	{ "Mapped",          M(mapped),             0 },
	{ "Shmem",           M(shmem),              0 },
	{ "KReclaimable",    M(slab_reclaimable),   0 },
	{ "Slab",            M(slab),               0 },
	{ "SReclaimable",    M(slab_reclaimable),   0 },
	{ "SUnreclaim",      M(slab_unreclaimable), 0 },
	{ "KernelStack",     M(kernel_stack),       0 },
	{ "PageTables",      M(page_tables),        0 },
	{ "SecPageTables",   M(sec_page_tables),    0 },
	{ "CommitLimit",     M(commit_limit),       0 },
	{ "Committed_AS",    M(committed),          0 },
	{ "VmallocTotal",    M(vmalloc_total),      0 },
	{ "VmallocUsed",     M(vmalloc),            0 },
	{ "Percpu",          M(percpu),             0 },
	{ "AnonHugePages",   M(anon_huge),          0 },
	{ "ShmemHugePages",  M(shmem_huge),         0 },
	{ "FileHugePages",   M(file_huge),          0 },
	{ "HugePages_Total", M(hugepages),          0 },
	{ "HugePages_Free",  M(hugepages_free),     0 },
	{ "Hugepagesize",    M(hugepage_size),      0 },
	{ "Hugetlb",         M(hugetlb),            0 },
	{ "DirectMap4k",     M(total),              0 },
};
// clang-format on

static uint64_t member(const struct cgv_memory *m, size_t at)
{
	uint64_t v = 0;

	if (at)
		memcpy(&v, (const char *)m + at - 1, sizeof(v));
	return v;
}

/* The rules are in the kernel's order: that of the next line is the next, as a rule. */
static uint64_t value_from(const struct cgv_memory *m, struct span key, size_t *first)
{
	for (size_t n = 0; n < ARRAY_LEN(rules); n++) {
		size_t i = (*first + n) % ARRAY_LEN(rules);

		if (!span_is(key, rules[i].key))
			continue;
		*first = i + 1;
		return member(m, rules[i].value) + member(m, rules[i].plus);
	}
	return 0;
}

uint64_t meminfo_value(const struct cgv_memory *m, struct span key)
{
	size_t first = 0;

	return value_from(m, key, &first);
}

int meminfo_render(const struct view *v, struct out *o)
{
	struct span text = v->host->meminfo_layout, line, key;
	size_t next = 0;

	while (span_line(&text, &line)) {
		bool kb = span_len(line) > 3 && memcmp(line.end - 3, " kB", 3) == 0;
		uint64_t n;

		if (!memchr(line.p, ':', span_len(line)) || !span_until(&line, ':', &key))
			continue;
		n = value_from(&v->s->memory, key, &next);
		out_span(o, (struct span){ key.p, key.end + 1 });
		out_times(o, span_of(" "), 15 - (unsigned)MIN(span_len(key), (size_t)15));
		out_number(o, kb ? n / 1024 : n, 8);
		out_span(o, span_of(kb ? " kB\n" : "\n"));
	}
	return 0;
}
