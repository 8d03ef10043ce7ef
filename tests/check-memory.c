// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory and swap of containers on small hosts, by the rules of the views: each by a case, and
 * all of them over hosts made by chance against a model of their own.
 */
#include <sys/stat.h>

#include "tests/fixture.h"

#define V1_MAX 9223372036854771712ull /* how v1 writes "no limit" */
#define HUGE   (1ull << 63)
#define MB     (1ull << 20)
#define GB     (1ull << 30)

#define V2(path) "sys/fs/cgroup/" path
#define V1(path) "sys/fs/cgroup/memory/" path

/* A host is a list of files; a row without a name ends it. */
struct put {
	const char *path, *text;
};

#define HOST_KB "1048576"
#define MAX_PUT 16

static const struct {
	const char *why;
	struct put put[MAX_PUT];
	uint64_t total, free, available, swap_total, swap_free;
	bool limited;
} cases[] = {
	{ "a limit is the total, what is left of it is free",
	  { { V2("a/memory.max"), "104857600" }, { V2("a/memory.current"), "10485760" } },
	  100 * MB,
	  90 * MB,
	  90 * MB,
	  0,
	  0,
	  true },
	{ "caches can be had, but not those yet to be written",
	  { { V2("a/memory.max"), "104857600" },
	    { V2("a/memory.current"), "83886080" },
	    { V2("a/memory.stat"), "active_file 20971520\ninactive_file 10485760\n"
				   "slab_reclaimable 5242880\nfile_dirty 4194304\n"
				   "file_writeback 1048576\n" } },
	  100 * MB,
	  20 * MB,
	  50 * MB,
	  0,
	  0,
	  true },
	{ "dirty beyond the caches takes nothing from what is free",
	  { { V2("a/memory.max"), "104857600" },
	    { V2("a/memory.current"), "83886080" },
	    { V2("a/memory.stat"), "active_file 1048576\nfile_dirty 20971520\n" } },
	  100 * MB,
	  20 * MB,
	  20 * MB,
	  0,
	  0,
	  true },
	{ "usage above the limit leaves nothing, not a wrap-around",
	  { { V2("a/memory.max"), "104857600" }, { V2("a/memory.current"), "104857601" } },
	  100 * MB,
	  0,
	  0,
	  0,
	  0,
	  true },
	{ "a limit of nothing",
	  { { V2("a/memory.max"), "0" }, { V2("a/memory.current"), "4096" } },
	  0,
	  0,
	  0,
	  0,
	  0,
	  true },
	{ "without a limit it is the host's size, at most the host's free",
	  { { V2("a/memory.max"), "max" }, { V2("a/memory.current"), "10485760" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  0,
	  0,
	  false },
	{ "without a limit no more can be had than on the host",
	  { { V2("a/memory.max"), "max" },
	    { V2("a/memory.current"), "10485760" },
	    { V2("a/memory.stat"), "active_file 1073741824\n" } },
	  GB,
	  512 * MB,
	  768 * MB,
	  0,
	  0,
	  false },
	{ "without a limit, its usage is not free though the host had it",
	  { { V2("a/memory.max"), "max" }, { V2("a/memory.current"), "1063256064" } },
	  GB,
	  10 * MB,
	  10 * MB,
	  0,
	  0,
	  false },
	{ "a limit above the host's memory is none",
	  { { V2("a/memory.max"), "2147483648" }, { V2("a/memory.current"), "10485760" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  0,
	  0,
	  false },
	{ "a limit of exactly the host's memory is none",
	  { { V2("a/memory.max"), "1073741824" }, { V2("a/memory.current"), "10485760" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  0,
	  0,
	  false },
	{ "the host can have more free than can be had",
	  { { "proc/meminfo",
	      "MemTotal: " HOST_KB " kB\nMemFree: 1024 kB\nMemAvailable: 512 kB\n" },
	    { V2("a/memory.max"), "max" },
	    { V2("a/memory.current"), "10485760" } },
	  GB,
	  512 * 1024,
	  512 * 1024,
	  0,
	  0,
	  false },
	{ "an ancestor's smaller limit is the total",
	  { { V2("a/b/memory.max"), "209715200" },
	    { V2("a/b/memory.current"), "10485760" },
	    { V2("a/memory.max"), "104857600" },
	    { V2("a/memory.current"), "52428800" } },
	  100 * MB,
	  50 * MB,
	  50 * MB,
	  0,
	  0,
	  true },
	{ "what others use of an ancestor's larger limit is missing here",
	  { { V2("a/b/memory.max"), "104857600" },
	    { V2("a/b/memory.current"), "10485760" },
	    { V2("a/memory.max"), "209715200" },
	    { V2("a/memory.current"), "199229440" } },
	  100 * MB,
	  10 * MB,
	  10 * MB,
	  0,
	  0,
	  true },
	{ "a level without the controller is passed",
	  { { V2("a/b/c/memory.max"), "max" },
	    { V2("a/b/c/memory.current"), "10485760" },
	    { V2("a/b/cgroup.procs"), "" },
	    { V2("a/memory.max"), "104857600" },
	    { V2("a/memory.current"), "20971520" } },
	  100 * MB,
	  80 * MB,
	  80 * MB,
	  0,
	  0,
	  true },
	{ "the controller ends above the container",
	  { { V2("a/b/cgroup.procs"), "" },
	    { V2("a/memory.max"), "104857600" },
	    { V2("a/memory.current"), "20971520" } },
	  100 * MB,
	  80 * MB,
	  80 * MB,
	  0,
	  0,
	  true },
	{ "no memory controller at all is no limit",
	  { { V2("cgroup.controllers"), "cpu\n" }, { V2("a/memory.max"), "104857600" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  0,
	  0,
	  false },
	{ "swap of its own",
	  { { V2("a/memory.max"), "104857600" },
	    { V2("a/memory.current"), "10485760" },
	    { V2("a/memory.swap.max"), "52428800" },
	    { V2("a/memory.swap.current"), "20971520" } },
	  100 * MB,
	  90 * MB,
	  90 * MB,
	  50 * MB,
	  30 * MB,
	  true },
	{ "swap without a limit is the host's",
	  { { V2("a/memory.swap.max"), "max" },
	    { V2("a/memory.swap.current"), "20971520" },
	    { V2("a/cgroup.procs"), "" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  256 * MB,
	  236 * MB,
	  false },
	{ "more swap than its limit: the limit was lowered",
	  { { V2("a/memory.swap.max"), "10485760" },
	    { V2("a/memory.swap.current"), "20971520" },
	    { V2("a/cgroup.procs"), "" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  20 * MB,
	  0,
	  false },
	{ "no swap for the container",
	  { { V2("a/memory.swap.max"), "0" }, { V2("a/memory.swap.current"), "0" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  0,
	  0,
	  false },
	{ "no more swap is free than on the host",
	  { { "proc/meminfo",
	      "MemTotal: " HOST_KB " kB\nMemFree: 524288 kB\n"
	      "MemAvailable: 524288 kB\nSwapTotal: 262144 kB\nSwapFree: 1024 kB\n" },
	    { V2("a/memory.swap.max"), "104857600" },
	    { V2("a/memory.swap.current"), "0" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  100 * MB,
	  MB,
	  false },
	{ "an ancestor's swap limit",
	  { { V2("a/b/memory.swap.max"), "max" },
	    { V2("a/b/memory.swap.current"), "0" },
	    { V2("a/memory.swap.max"), "10485760" },
	    { V2("a/memory.swap.current"), "0" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  10 * MB,
	  10 * MB,
	  false },
	{ "swap on a host without any",
	  { { "proc/meminfo", "MemTotal: " HOST_KB " kB\nMemFree: 524288 kB\n"
			      "MemAvailable: 524288 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n" },
	    { V2("a/memory.swap.max"), "104857600" },
	    { V2("a/memory.swap.current"), "0" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  0,
	  0,
	  false },
	{ "v1: limit and usage",
	  { { V1("a/memory.limit_in_bytes"), "104857600" },
	    { V1("a/memory.usage_in_bytes"), "10485760" },
	    { V1("a/memory.stat"), "cache 1\nhierarchical_memory_limit 104857600\n"
				   "total_active_file 5242880\ntotal_dirty 1048576\n" } },
	  100 * MB,
	  90 * MB,
	  94 * MB,
	  0,
	  0,
	  true },
	{ "v1: the kernel knows of a smaller limit above",
	  { { V1("a/memory.limit_in_bytes"), "104857600" },
	    { V1("a/memory.usage_in_bytes"), "10485760" },
	    { V1("a/memory.stat"), "hierarchical_memory_limit 52428800\n" } },
	  50 * MB,
	  40 * MB,
	  40 * MB,
	  0,
	  0,
	  true },
	{ "v1: no limit is a number",
	  { { V1("a/memory.limit_in_bytes"), "9223372036854771712" },
	    { V1("a/memory.usage_in_bytes"), "10485760" },
	    { V1("a/memory.stat"), "hierarchical_memory_limit 9223372036854771712\n" } },
	  GB,
	  512 * MB,
	  512 * MB,
	  0,
	  0,
	  false },
	{ "v1: swap is what both may have beyond memory",
	  { { V1("a/memory.limit_in_bytes"), "104857600" },
	    { V1("a/memory.usage_in_bytes"), "83886080" },
	    { V1("a/memory.memsw.limit_in_bytes"), "157286400" },
	    { V1("a/memory.memsw.usage_in_bytes"), "94371840" } },
	  100 * MB,
	  20 * MB,
	  20 * MB,
	  50 * MB,
	  40 * MB,
	  true },
	{ "v1: memsw was read before usage grew",
	  { { V1("a/memory.limit_in_bytes"), "104857600" },
	    { V1("a/memory.usage_in_bytes"), "94371840" },
	    { V1("a/memory.memsw.limit_in_bytes"), "157286400" },
	    { V1("a/memory.memsw.usage_in_bytes"), "83886080" } },
	  100 * MB,
	  10 * MB,
	  10 * MB,
	  50 * MB,
	  50 * MB,
	  true },
	{ "v1: an ancestor's memsw limit over the container's own memory limit",
	  { { V1("a/b/memory.limit_in_bytes"), "104857600" },
	    { V1("a/b/memory.usage_in_bytes"), "0" },
	    { V1("a/b/memory.memsw.limit_in_bytes"), "9223372036854771712" },
	    { V1("a/b/memory.memsw.usage_in_bytes"), "0" },
	    { V1("a/memory.limit_in_bytes"), "125829120" },
	    { V1("a/memory.usage_in_bytes"), "0" },
	    { V1("a/memory.memsw.limit_in_bytes"), "125829120" },
	    { V1("a/memory.memsw.usage_in_bytes"), "0" } },
	  100 * MB,
	  100 * MB,
	  100 * MB,
	  20 * MB,
	  20 * MB,
	  true },
	{ "v1: memory alone is limited, swap is the host's",
	  { { V1("a/memory.limit_in_bytes"), "104857600" },
	    { V1("a/memory.usage_in_bytes"), "0" },
	    { V1("a/memory.memsw.limit_in_bytes"), "9223372036854771712" },
	    { V1("a/memory.memsw.usage_in_bytes"), "0" } },
	  100 * MB,
	  100 * MB,
	  100 * MB,
	  256 * MB,
	  256 * MB,
	  true },
	{ "v1: no swap accounting",
	  { { V1("a/memory.limit_in_bytes"), "104857600" },
	    { V1("a/memory.usage_in_bytes"), "0" } },
	  100 * MB,
	  100 * MB,
	  100 * MB,
	  0,
	  0,
	  true },
	{ "hybrid: the limits are v1's, whatever the unified tree says",
	  { { V2("unified/cgroup.controllers"), "" },
	    { V2("unified/a/memory.max"), "4096" },
	    { V1("a/memory.limit_in_bytes"), "104857600" },
	    { V1("a/memory.usage_in_bytes"), "10485760" } },
	  100 * MB,
	  90 * MB,
	  90 * MB,
	  0,
	  0,
	  true },
	{ "hybrid: memory can be v2's",
	  { { V2("unified/cgroup.controllers"), "memory\n" },
	    { V2("cpu/a/cpu.shares"), "4" },
	    { V2("unified/a/memory.max"), "104857600" },
	    { V2("unified/a/memory.current"), "10485760" } },
	  100 * MB,
	  90 * MB,
	  90 * MB,
	  0,
	  0,
	  true },
};

static void put_all(const struct tmp *t, const struct put *put)
{
	bool v2 = true;

	for (int i = 0; i < MAX_PUT && put[i].path; i++)
		v2 &= !strstr(put[i].path, V1("")) && !strstr(put[i].path, "unified");
	if (v2)
		tmp_v2(t);
	for (int i = 0; i < MAX_PUT && put[i].path; i++)
		tmp_put(t, put[i].path, "%s%s", put[i].text, strchr(put[i].text, '\n') ? "" : "\n");
}

/* The deepest of those that are written. */
static const char *deepest(const struct put *put)
{
	const char *path = "a";

	for (int i = 0; i < MAX_PUT && put[i].path; i++) {
		if (strstr(put[i].path, "/a/b/") && strlen(path) < 3)
			path = "a/b";
		if (strstr(put[i].path, "/a/b/c/"))
			path = "a/b/c";
	}
	return path;
}

START_TEST(shows_what_the_cgroups_say)
{
	struct cgv_container *c;
	struct cgv_memory m;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 2);
	put_all(&t, cases[_i].put);
	tmp_open(&t, &h);
	c = tmp_container(&h, deepest(cases[_i].put));
	ck_assert_msg(cgv_memory(c, &m) == 0, "%s: is an error", cases[_i].why);
#define SAME(member)                                                                               \
	ck_assert_msg(m.member == cases[_i].member, "%s: " #member " is %llu, not %llu",           \
		      cases[_i].why, (unsigned long long)m.member,                                 \
		      (unsigned long long)cases[_i].member)
	SAME(total);
	SAME(free);
	SAME(available);
	SAME(swap_total);
	SAME(swap_free);
	SAME(limited);
#undef SAME
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* What must be an error: a wrong number would be worse. */
static const struct {
	const char *why;
	struct put put[MAX_PUT];
	int r;
} refused[] = {
	{ "the cgroup is not there", { { V2("b/memory.max"), "max" } }, -ENOENT },
	{ "nor is it on v1", { { V1("b/memory.limit_in_bytes"), "5" } }, -ENOENT },
	{ "usage, but no limit", { { V2("a/memory.current"), "4096" } }, -ENOENT },
	{ "a limit, but no usage", { { V2("a/memory.max"), "104857600" } }, -ENOENT },
	{ "no limit, and no usage", { { V2("a/memory.max"), "max" } }, -ENOENT },
	{ "the same above",
	  { { V2("a/b/memory.max"), "max" },
	    { V2("a/b/memory.current"), "4096" },
	    { V2("a/memory.current"), "4096" } },
	  -ENOENT },
	{ "-1 is no limit of v2's",
	  { { V2("a/memory.max"), "-1" }, { V2("a/memory.current"), "0" } },
	  -EBADMSG },
	{ "nor is it one of v1's",
	  { { V1("a/memory.limit_in_bytes"), "-1" }, { V1("a/memory.usage_in_bytes"), "0" } },
	  -EBADMSG },
	{ "max is no usage",
	  { { V2("a/memory.max"), "max" }, { V2("a/memory.current"), "max" } },
	  -EBADMSG },
	{ "a statistic without a known key",
	  { { V2("a/memory.max"), "max" },
	    { V2("a/memory.current"), "0" },
	    { V2("a/memory.stat"), "anonymous 5\n" } },
	  -EBADMSG },
};

START_TEST(refuses_what_would_be_a_guess)
{
	struct cgv_memory m = { .total = 77 };
	struct cgv_container *c;
	struct cgv_host h;
	struct tmp t;
	int r;

	tmp_make(&t);
	tmp_host(&t, 2);
	put_all(&t, refused[_i].put);
	tmp_open(&t, &h);
	c = tmp_container(&h, deepest(refused[_i].put));
	r = cgv_memory(c, &m);
	ck_assert_msg(r == refused[_i].r, "%s: %d, total %llu", refused[_i].why, r,
		      (unsigned long long)m.total);
	ck_assert_uint_eq(m.total, 77);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* The cgroup is removed while the container is known; then it is made again. */
START_TEST(a_cgroup_that_went_is_an_error_until_it_is_back)
{
	struct cgv_container *c;
	struct cgv_memory m;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 2);
	tmp_v2(&t);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_memory(c, &m), -ENOENT);
	tmp_put(&t, V2("a/memory.max"), "104857600\n");
	tmp_put(&t, V2("a/memory.current"), "0\n");
	ck_assert_int_eq(cgv_memory(c, &m), 0);
	ck_assert_uint_eq(m.total, 100 * MB);
	tmp_put(&t, V2("a/memory.max"), "52428800\n"); /* noticed at the next look */
	ck_assert_int_eq(cgv_memory(c, &m), 0);
	ck_assert_uint_eq(m.total, 50 * MB);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* Every key of memory.stat goes to its own place. */
START_TEST(every_counter_has_its_key)
{
	struct cgv_container *c;
	struct cgv_memory m;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 2);
	tmp_v2(&t);
	tmp_put(&t, V2("a/memory.max"), "max\n");
	tmp_put(&t, V2("a/memory.current"), "1\n");
	tmp_put(&t, V2("a/memory.stat"),
		"anon 1\nfile 2\nkernel_stack 3\npagetables 4\nsec_pagetables 5\npercpu 6\n"
		"vmalloc 7\nshmem 8\nzswap 9\nzswapped 10\nfile_mapped 11\nfile_dirty 12\n"
		"file_writeback 13\nswapcached 14\nanon_thp 15\nfile_thp 16\nshmem_thp 17\n"
		"inactive_anon 18\nactive_anon 19\ninactive_file 20\nactive_file 21\n"
		"unevictable 22\nslab_reclaimable 23\nslab_unreclaimable 24\nslab 25\n"
		"anon_x 99\nxanon 99\n");
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_memory(c, &m), 0);
	ck_assert(m.anon == 1 && m.file == 2 && m.kernel_stack == 3 && m.page_tables == 4);
	ck_assert(m.sec_page_tables == 5 && m.percpu == 6 && m.vmalloc == 7 && m.shmem == 8);
	ck_assert(m.zswap == 9 && m.zswapped == 10 && m.mapped == 11 && m.dirty == 12);
	ck_assert(m.writeback == 13 && m.swapcached == 14 && m.anon_huge == 15);
	ck_assert(m.file_huge == 16 && m.shmem_huge == 17 && m.inactive_anon == 18);
	ck_assert(m.active_anon == 19 && m.inactive_file == 20 && m.active_file == 21);
	ck_assert(m.unevictable == 22 && m.slab_reclaimable == 23 && m.slab_unreclaimable == 24);
	ck_assert(m.slab == 25 && m.committed == 9);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

START_TEST(v1_counters_are_the_hierarchical_ones)
{
	struct cgv_container *c;
	struct cgv_memory m;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 2);
	tmp_put(&t, V1("a/memory.limit_in_bytes"), "%llu\n", V1_MAX);
	tmp_put(&t, V1("a/memory.usage_in_bytes"), "1\n");
	tmp_put(&t, V1("a/memory.kmem.usage_in_bytes"), "33\n");
	tmp_put(&t, V1("a/memory.stat"),
		"cache 99\nrss 99\nshmem 99\nmapped_file 99\nhierarchical_memory_limit %llu\n"
		"total_cache 1\ntotal_rss 2\ntotal_rss_huge 3\ntotal_shmem 4\n"
		"total_mapped_file 5\ntotal_dirty 6\ntotal_writeback 7\ntotal_swap 99\n"
		"total_inactive_anon 8\ntotal_active_anon 9\ntotal_inactive_file 10\n"
		"total_active_file 11\ntotal_unevictable 12\ntotal_swapcached 13\n",
		V1_MAX);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_memory(c, &m), 0);
	ck_assert(m.file == 1 && m.anon == 2 && m.anon_huge == 3 && m.shmem == 4);
	ck_assert(m.mapped == 5 && m.dirty == 6 && m.writeback == 7 && m.inactive_anon == 8);
	ck_assert(m.active_anon == 9 && m.inactive_file == 10 && m.active_file == 11);
	ck_assert(m.unevictable == 12 && m.swapcached == 13);
	ck_assert(m.slab == 33 && m.slab_unreclaimable == 33 && m.slab_reclaimable == 0);
	ck_assert_uint_eq(m.total, GB);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* By the host's vm.overcommit_*: ratio %, kbytes; MemTotal 100 MB, SwapTotal 50 MB. */
static const struct {
	const char *ratio, *kbytes;
	uint64_t commit;
} commits[] = {
	{ "50", "0", 100 * MB },   { "0", "0", 50 * MB },	 { "200", "0", 250 * MB },
	{ "0", "10240", 60 * MB }, { "0", "1048576", 150 * MB }, /* at most MemTotal */
	{ NULL, NULL, 100 * MB },
};

START_TEST(what_may_be_committed_follows_the_hosts_policy)
{
	struct cgv_container *c;
	struct cgv_memory m;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 2);
	tmp_v2(&t);
	tmp_put(&t, V2("a/memory.max"), "104857600\n");
	tmp_put(&t, V2("a/memory.current"), "0\n");
	tmp_put(&t, V2("a/memory.swap.max"), "52428800\n");
	tmp_put(&t, V2("a/memory.swap.current"), "0\n");
	if (commits[_i].ratio) {
		tmp_put(&t, "proc/sys/vm/overcommit_ratio", "%s\n", commits[_i].ratio);
		tmp_put(&t, "proc/sys/vm/overcommit_kbytes", "%s\n", commits[_i].kbytes);
	}
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_memory(c, &m), 0);
	ck_assert_uint_eq(m.commit_limit, commits[_i].commit);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

START_TEST(the_quick_way_tells_of_the_same_memory)
{
	struct cgv_host_memory all, bounds;
	struct cgv_host h;

	ck_assert_int_eq(cgv_host_open(&h), 0);
	ck_assert_int_eq(cgv_host_memory(&h, &all), 0);
	ck_assert_int_eq(cgv_host_bounds(&h, &bounds), 0);
	ck_assert_uint_eq(bounds.total, all.total);
	ck_assert_uint_eq(bounds.swap_total, all.swap_total);
	ck_assert_uint_eq(bounds.hugepage_size, all.hugepage_size);
	ck_assert_uint_eq(bounds.vmalloc_total, all.vmalloc_total);
	if (cgv_owner(&h, CGV_HUGETLB) != CGV_NONE)
		ck_assert_uint_eq(bounds.hugepages, all.hugepages);
	/* Each is asked of the kernel, and nothing is left from when it was opened. */
	ck_assert(bounds.swap_free <= bounds.swap_total);
	cgv_host_close(&h);
}
END_TEST

static const struct {
	const char *why, *size_kb, *max, *current;
	bool v1;
	uint64_t pages, free;
} huge[] = {
	{ "a limit of 8 pages, 3 used", "2048", "hugetlb.2MB.max 16777216",
	  "hugetlb.2MB.current 6291456", false, 8, 5 },
	{ "no limit is set: none", "2048", "hugetlb.2MB.max max", "hugetlb.2MB.current 0", false, 0,
	  0 },
	{ "more than the host has", "2048", "hugetlb.2MB.max 1073741824", "hugetlb.2MB.current 0",
	  false, 10, 10 },
	{ "used beyond the limit", "2048", "hugetlb.2MB.max 2097152", "hugetlb.2MB.current 4194304",
	  false, 1, 0 },
	{ "pages of 1 GB", "1048576", "hugetlb.1GB.max 2147483648", "hugetlb.1GB.current 0", false,
	  2, 2 },
	{ "pages of 64 kB", "64", "hugetlb.64KB.max 131072", "hugetlb.64KB.current 0", false, 2,
	  2 },
	{ "another size has the limit", "2048", "hugetlb.1GB.max 2147483648",
	  "hugetlb.1GB.current 0", false, 0, 0 },
	{ "v1: a limit", "2048", "hugetlb.2MB.limit_in_bytes 4194304",
	  "hugetlb.2MB.usage_in_bytes 2097152", true, 2, 1 },
	{ "v1: how it writes no limit, for 2 MB", "2048",
	  "hugetlb.2MB.limit_in_bytes 9223372036852678656", "hugetlb.2MB.usage_in_bytes 0", true, 0,
	  0 },
	{ "v1: how it writes no limit, for 1 GB", "1048576",
	  "hugetlb.1GB.limit_in_bytes 9223372035781033984", "hugetlb.1GB.usage_in_bytes 0", true, 0,
	  0 },
};

static void put_pair(const struct tmp *t, const char *dir, const char *pair)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%.*s", dir, (int)strcspn(pair, " "), pair);
	tmp_put(t, path, "%s\n", strchr(pair, ' ') + 1);
}

START_TEST(huge_pages_are_those_of_a_limit)
{
	const char *dir = huge[_i].v1 ? V2("hugetlb/a") : V2("a");
	struct cgv_container *c;
	struct cgv_memory m;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 2);
	tmp_put(&t, "proc/meminfo",
		"MemTotal: " HOST_KB " kB\nHugePages_Total: 10\nHugepagesize: %s kB\n",
		huge[_i].size_kb);
	if (!huge[_i].v1)
		tmp_v2(&t);
	put_pair(&t, dir, huge[_i].max);
	put_pair(&t, dir, huge[_i].current);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_memory(c, &m), 0);
	ck_assert_msg(m.hugepages == huge[_i].pages && m.hugepages_free == huge[_i].free,
		      "%s: %llu, %llu free", huge[_i].why, (unsigned long long)m.hugepages,
		      (unsigned long long)m.hugepages_free);
	ck_assert_uint_eq(m.hugetlb, huge[_i].pages * strtoull(huge[_i].size_kb, NULL, 10) * 1024);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* Found by fuzzing: what is no "key: value" line stands in no kernel's meminfo. */
static const struct {
	const char *layout, *text;
} layouts[] = {
	{ "x", "" },
	{ "MemTotal", "" },
	{ "MemTotal: 5 kB\nx\nMemFree: 5 kB",
	  "MemTotal:              1 kB\nMemFree:               0 kB\n" },
	{ "MemTotal:", "MemTotal:           1024\n" },
	{ "\n\nNew:   7 kB\n", "New:                   0 kB\n" },
	{ "AnyKeyAsLongAsThisOneIs:  7\n", "AnyKeyAsLongAsThisOneIs:       0\n" },
};

START_TEST(a_line_of_the_hosts_that_is_none_is_left_out)
{
	size_t n = strlen(layouts[_i].layout);
	char *exact = malloc(n), buf[256];
	struct cgv_host h = { .meminfo_layout = { exact, exact + n } };
	struct sample s = { .memory = { .total = 1024 } };
	struct view v = { .host = &h, .s = &s };
	struct out o = { buf, sizeof(buf), 0, false };

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, layouts[_i].layout, n);
	*buf = '\0';
	ck_assert_int_eq(meminfo_render(&v, &o), 0);
	ck_assert_str_eq(buf, layouts[_i].text);
	free(exact);
}
END_TEST

/* ---- hosts by chance, against a model ---- */

#define LEVELS 3

struct chosen {
	bool v1, swap, stat;
	uint64_t host_total, host_free, host_available, host_swap, host_swap_free; /* kB */
	unsigned levels;
	uint64_t limit[LEVELS], usage[LEVELS]; /* UINT64_MAX: none; [0] is the container's */
	uint64_t swap_limit[LEVELS], swap_usage[LEVELS];
	uint64_t hierarchical, active_file, inactive_file, reclaimable, dirty, writeback;
};

static uint64_t some_limit(struct chance *c)
{
	return chance_below(c, 3) ? chance_sized(c, HUGE) : UINT64_MAX;
}

static struct chosen choose(struct chance *c)
{
	struct chosen x = {
		.v1 = chance_below(c, 2),
		.swap = chance_below(c, 4),
		.stat = chance_below(c, 8),
		.host_total = 1 + chance_sized(c, chance_below(c, 4) ? HUGE / 2048 : 1u << 24),
		.host_free = chance_sized(c, HUGE / 1024),
		.host_available = chance_sized(c, HUGE / 1024),
		.host_swap = chance_sized(c, HUGE / 1024),
		.host_swap_free = chance_sized(c, HUGE / 1024),
		.levels = 1 + (unsigned)chance_below(c, LEVELS),
		.hierarchical = some_limit(c),
		.active_file = chance_sized(c, HUGE),
		.inactive_file = chance_sized(c, HUGE),
		.reclaimable = chance_sized(c, HUGE),
		.dirty = chance_sized(c, HUGE),
		.writeback = chance_sized(c, HUGE),
	};

	for (unsigned i = 0; i < x.levels; i++) {
		x.limit[i] = some_limit(c);
		x.swap_limit[i] = some_limit(c);
		x.usage[i] = chance_sized(c, HUGE - 70000);
		x.swap_usage[i] = chance_sized(c, HUGE - 70000);
	}
	return x;
}

static void put_number(const struct tmp *t, const char *path, const char *name, bool v1, uint64_t v)
{
	char whole[128];

	snprintf(whole, sizeof(whole), "%s%s", path, name);
	if (v != UINT64_MAX)
		tmp_put(t, whole, "%llu\n", (unsigned long long)v);
	else if (v1)
		tmp_put(t, whole, "%llu\n", V1_MAX);
	else
		tmp_put(t, whole, "max\n");
}

static void write_chosen(const struct tmp *t, const struct chosen *x)
{
	static const char *const path[] = { "a/", "a/b/", "a/b/c/" };
	char dir[64];

	tmp_drop(t, "sys/fs/cgroup");
	tmp_host(t, 2);
	ck_assert(mkdirat(t->fd, "sys/fs/cgroup", 0755) == 0 || errno == EEXIST);
	tmp_put(t, "proc/meminfo",
		"MemTotal: %llu kB\nMemFree: %llu kB\nMemAvailable: %llu kB\n"
		"SwapTotal: %llu kB\nSwapFree: %llu kB\n",
		(unsigned long long)x->host_total, (unsigned long long)x->host_free,
		(unsigned long long)x->host_available, (unsigned long long)x->host_swap,
		(unsigned long long)x->host_swap_free);
	if (!x->v1)
		tmp_v2(t);
	for (unsigned i = 0; i < x->levels; i++) {
		snprintf(dir, sizeof(dir), "%s%s", x->v1 ? V1("") : V2(""),
			 path[x->levels - 1 - i]);
		put_number(t, dir, x->v1 ? "memory.limit_in_bytes" : "memory.max", x->v1,
			   x->limit[i]);
		put_number(t, dir, x->v1 ? "memory.usage_in_bytes" : "memory.current", x->v1,
			   x->usage[i]);
		if (!x->swap)
			continue;
		put_number(t, dir, x->v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max", x->v1,
			   x->swap_limit[i]);
		put_number(t, dir, x->v1 ? "memory.memsw.usage_in_bytes" : "memory.swap.current",
			   x->v1, x->swap_usage[i]);
	}
	if (!x->stat)
		return;
	snprintf(dir, sizeof(dir), "%s%smemory.stat", x->v1 ? V1("") : V2(""), path[x->levels - 1]);
	tmp_put(t, dir,
		x->v1 ? "total_active_file %llu\ntotal_inactive_file %llu\ntotal_nothing %llu\n"
			"total_dirty %llu\ntotal_writeback %llu\nhierarchical_memory_limit %llu\n"
		      : "active_file %llu\ninactive_file %llu\nslab_reclaimable %llu\n"
			"file_dirty %llu\nfile_writeback %llu\nnothing %llu\n",
		(unsigned long long)x->active_file, (unsigned long long)x->inactive_file,
		(unsigned long long)x->reclaimable, (unsigned long long)x->dirty,
		(unsigned long long)x->writeback,
		x->hierarchical == UINT64_MAX ? V1_MAX : (unsigned long long)x->hierarchical);
}

typedef __int128 wide; /* where nothing wraps around */

static wide least(wide a, wide b)
{
	return a < b ? a : b;
}

static wide at_least_0(wide a)
{
	return a < 0 ? 0 : a;
}

/* A number this large is how the kernel writes "no limit"; with pages of 64 kB it is this. */
static wide limit_of(uint64_t v)
{
	return v >= HUGE - 65536 - 1 ? (wide)1 << 100 : (wide)v;
}

struct expected {
	wide total, free, available, swap_total, swap_free;
};

static void expect_swap(const struct chosen *x, wide limit, struct expected *e)
{
	wide total = (wide)1 << 100, used = x->swap_usage[0];

	if (!x->swap)
		return;
	for (unsigned i = 0; i < x->levels; i++)
		total = least(total, limit_of(x->swap_limit[i]));
	if (x->v1 && total < (wide)1 << 100)
		total = at_least_0(total - limit);
	if (x->v1)
		used = at_least_0(used - x->usage[0]);
	used = least(used, (wide)x->host_swap * 1024);
	total = least(total, (wide)x->host_swap * 1024);
	e->swap_total = total < used ? used : total;
	e->swap_free = least(e->swap_total - used, (wide)x->host_swap_free * 1024);
}

static struct expected expect(const struct chosen *x)
{
	wide limit = (wide)1 << 100, left = limit, host = (wide)x->host_total * 1024;
	struct expected e = { 0 };

	for (unsigned i = 0; i < x->levels; i++) {
		limit = least(limit, limit_of(x->limit[i]));
		if (limit_of(x->limit[i]) < (wide)1 << 100)
			left = least(left, at_least_0((wide)x->limit[i] - x->usage[i]));
	}
	if (x->v1 && x->stat && x->hierarchical && limit_of(x->hierarchical) < limit) {
		limit = x->hierarchical;
		left = least(left, at_least_0(limit - x->usage[0]));
	}
	e.total = least(limit, host);
	e.free = left;
	if (limit >= host) {
		e.free = least(e.free, at_least_0(e.total - x->usage[0]));
		e.free = least(e.free, (wide)x->host_free * 1024);
		e.free = least(e.free, (wide)x->host_available * 1024);
	}
	e.available = e.free;
	if (x->stat)
		e.available += at_least_0((wide)x->active_file + x->inactive_file +
					  (x->v1 ? 0 : x->reclaimable) - x->dirty - x->writeback);
	e.available = least(e.available, e.total);
	if (limit >= host)
		e.available = least(e.available, (wide)x->host_available * 1024);
	expect_swap(x, limit, &e);
	return e;
}

static void check_same(const char *what, int i, uint64_t got, wide want)
{
	ck_assert_msg((wide)got == want, "host %d: %s is %llu, not %llu", i, what,
		      (unsigned long long)got, (unsigned long long)want);
}

START_TEST(any_host_is_as_the_rules_say)
{
	static const char *const path[] = { "a", "a/b", "a/b/c" };
	struct chance chance = { 20 + (uint64_t)_i };
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	for (int i = 0; i < 500; i++) {
		struct chosen x = choose(&chance);
		struct expected e = expect(&x);
		struct cgv_container *c;
		struct cgv_memory m;

		write_chosen(&t, &x);
		tmp_open(&t, &h);
		c = tmp_container(&h, path[x.levels - 1]);
		ck_assert_int_eq(cgv_memory(c, &m), 0);
		ck_assert_uint_le(m.free, m.available);
		ck_assert_uint_le(m.available, m.total);
		ck_assert_uint_le(m.swap_free, m.swap_total);
		ck_assert_uint_ge(m.commit_limit, m.swap_total);
		check_same("total", i, m.total, e.total);
		check_same("free", i, m.free, e.free);
		check_same("available", i, m.available, e.available);
		check_same("swap_total", i, m.swap_total, e.swap_total);
		check_same("swap_free", i, m.swap_free, e.swap_free);
		cgv_container_close(c);
		cgv_host_close(&h);
	}
	tmp_remove(&t);
}
END_TEST

START_TEST(what_went_to_swap_is_the_growth_of_its_use)
{
	struct cgv_swapped s = { 0 };
	static const uint64_t used[] = { 0, 100, 100, 40, 60, 0, 0, 1ull << 40 };

	for (size_t i = 0; i < ARRAY_LEN(used); i++) {
		struct cgv_memory m = { .swap_used = used[i] };

		cgv_swapped_add(&s, &m);
	}
	ck_assert_uint_eq(s.out, 100 + 20 + (1ull << 40));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory");
	TCase *t = tcase_create("rules");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, shows_what_the_cgroups_say, 0, ARRAY_LEN(cases));
	tcase_add_loop_test(t, refuses_what_would_be_a_guess, 0, ARRAY_LEN(refused));
	tcase_add_test(t, a_cgroup_that_went_is_an_error_until_it_is_back);
	tcase_add_test(t, every_counter_has_its_key);
	tcase_add_test(t, what_went_to_swap_is_the_growth_of_its_use);
	tcase_add_test(t, v1_counters_are_the_hierarchical_ones);
	tcase_add_test(t, the_quick_way_tells_of_the_same_memory);
	tcase_add_loop_test(t, what_may_be_committed_follows_the_hosts_policy, 0,
			    ARRAY_LEN(commits));
	tcase_add_loop_test(t, huge_pages_are_those_of_a_limit, 0, ARRAY_LEN(huge));
	tcase_add_loop_test(t, a_line_of_the_hosts_that_is_none_is_left_out, 0, ARRAY_LEN(layouts));
	tcase_add_loop_test(t, any_host_is_as_the_rules_say, 0, 5);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
