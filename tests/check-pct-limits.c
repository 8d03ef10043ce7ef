// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel is told of limits, on each kind of host; how CPUs are spread over containers;
 * and the texts that are made for files in them.
 */
#include <check.h>
#undef fail /* ours is another one */

#include <sys/stat.h>

#include "base/base.h"
#include "pct/ct/cores.h"
#include "pct/ct/dropins.h"
#include "pct/ct/limits.h"
#include "pct/ct/shrink.h"
#include "pct/paths.h"

// clang-format off
#define ALL(o) { [CGV_MEMORY] = o, [CGV_CPU] = o, [CGV_CPUSET] = o, [CGV_PIDS] = o }

static const struct host_layout
	v1     = { .owner = ALL(CGV_V1), .swap = true, .pids = 1000 },
	v2     = { .owner = ALL(CGV_V2), .swap = true, .pids = 1000 },
	hybrid = { .owner = { [CGV_MEMORY] = CGV_V2, [CGV_CPU] = CGV_V1 }, .swap = true },
	noswap = { .owner = ALL(CGV_V1) },
	bare   = { .pids = 1000 };

/* As "file=text", "?" before what a new cgroup has anyway; or "-": it cannot be used. */
static const struct {
	const struct host_layout *host;
	const char *key, *value, *memory, *rows;
} cases[] = {
	{ &v1, "memory", "64", "1", "memory.limit_in_bytes=67108864" },
	{ &v2, "memory", "64", "1", "memory.high=66584576 memory.max=67108864" },
	{ &hybrid, "memory", "64", "1", "memory.high=66584576 memory.max=67108864" },
	{ &bare, "memory", "64", "1", "" },
	{ &v2, "memory", "0", "1", "-" },
	{ &v2, "memory", "1.5", "1", "-" },
	{ &v2, "memory", NULL, "1", "-" },
	{ &v2, "memory", "16384", "1", "memory.high=17045651456 memory.max=17179869184" },
	{ &v1, "swap", "0", "64", "memory.memsw.limit_in_bytes=67108864" },
	{ &v1, "swap", "8", "64", "memory.memsw.limit_in_bytes=75497472" },
	{ &v2, "swap", "8", "64", "memory.swap.max=8388608" },
	{ &noswap, "swap", "8", "64", "" },
	{ &v1, "both", "8", "64",
	  "memory.limit_in_bytes=67108864 memory.memsw.limit_in_bytes=75497472" },
	{ &v2, "both", "8", "64", "memory.swap.max=8388608 memory.high=66584576 memory.max=67108864" },
	{ &v1, "cpulimit", "0", NULL, "?cpu.cfs_period_us=100000 ?cpu.cfs_quota_us=-1" },
	{ &v1, "cpulimit", "1.5", NULL, "cpu.cfs_period_us=100000 cpu.cfs_quota_us=150000" },
	{ &hybrid, "cpulimit", "1.5", NULL, "cpu.cfs_period_us=100000 cpu.cfs_quota_us=150000" },
	{ &v2, "cpulimit", "0", NULL, "?cpu.max=max 100000" },
	{ &v2, "cpulimit", "0.5", NULL, "cpu.max=50000 100000" },
	{ &v2, "cpulimit", "0.000001", NULL, "cpu.max=1000 100000" },
	{ &v2, "cpulimit", "8193", NULL, "-" },
	{ &v1, "cpuunits", NULL, NULL, "cpu.shares=1024" },
	{ &v1, "cpuunits", "0", NULL, "cpu.shares=2" },
	{ &v2, "cpuunits", NULL, NULL, "?cpu.weight=100" },
	{ &v2, "cpuunits", "500000", NULL, "cpu.weight=10000" },
	{ &v2, "cpuunits", "many", NULL, "-" },
	{ &v1, "pids", NULL, NULL, "pids.max=1000" },
	{ &v2, "pids", NULL, NULL, "pids.max=1000" },
	{ &hybrid, "pids", NULL, NULL, "" },
	{ &bare, "pids", NULL, NULL, "" },
};
// clang-format on

static int limits_for(int i, struct limits *l)
{
	const struct host_layout *h = cases[i].host;
	const char *key = cases[i].key, *value = cases[i].value;

	if (strcmp(key, "memory") == 0)
		return limits_memory(h, value, l);
	if (strcmp(key, "swap") == 0)
		return limits_swap(h, cases[i].memory, value, l);
	if (strcmp(key, "both") == 0)
		return limits_memory_and_swap(h, cases[i].memory, value, l);
	if (strcmp(key, "cpulimit") == 0)
		return limits_cpulimit(h, value, l);
	if (strcmp(key, "cpuunits") == 0)
		return limits_cpuunits(h, value, l);
	limits_pids(h, l);
	return 0;
}

START_TEST(tells_the_kernel_what_a_value_means)
{
	struct limits l = { 0 };
	char rows[400] = "";
	int r = limits_for(_i, &l);

	if (strcmp(cases[_i].rows, "-") == 0) {
		ck_assert_int_eq(r, -EINVAL);
		return;
	}
	ck_assert_int_eq(r, 0);
	for (size_t i = 0; i < l.n; i++) {
		size_t n = strlen(rows);

		ck_assert_int_eq(l.row[i].owner, cases[_i].host->owner[l.row[i].controller]);
		snprintf(rows + n, sizeof(rows) - n, "%s%s%s=%s", i ? " " : "",
			 l.row[i].idle ? "?" : "", l.row[i].file, l.row[i].text);
	}
	ck_assert_str_eq(rows, cases[_i].rows);
}
END_TEST

START_TEST(leaves_room_for_others_processes)
{
	ck_assert_uint_eq(limits_pids_of(192730, 4194304), 32768);
	ck_assert_uint_eq(limits_pids_of(192730, 32768), 16384);
	ck_assert_uint_eq(limits_pids_of(7000, 32768), 3500);
	ck_assert_uint_eq(limits_pids_of(0, 32768), 0);
}
END_TEST

START_TEST(needs_what_cannot_be_freed)
{
	const struct cgv_memory m = { .active_file = 10,
				      .inactive_file = 20,
				      .slab_reclaimable = 5,
				      .shmem = 7,
				      .file = 37 };

	ck_assert_uint_eq(shrink_needed(100, &m), 65);
	ck_assert_uint_eq(shrink_needed(30, &m), 0);
}
END_TEST

static void check_shares(const struct cgv_cpuset *all, const struct share *s, size_t n)
{
	unsigned n_all = cgv_cpuset_count(all), least = UINT32_MAX, most = 0;
	auto_free unsigned *used = calloc(CGV_MAX_CPUS, sizeof(*used));

	for (size_t i = 0; i < n; i++) {
		bool limited = s[i].cores && s[i].cores < n_all;
		struct cgv_cpuset in = s[i].next;

		ck_assert_uint_eq(cgv_cpuset_count(&s[i].next), limited ? s[i].cores : n_all);
		cgv_cpuset_and(&in, all);
		ck_assert_uint_eq(cgv_cpuset_count(&in), cgv_cpuset_count(&s[i].next));
	}
	cores_count(all, s, n, used);
	for (unsigned cpu = cgv_cpuset_next(all, 0); cpu < CGV_MAX_CPUS;
	     cpu = cgv_cpuset_next(all, cpu + 1)) {
		least = MIN(least, used[cpu]);
		most = MAX(most, used[cpu]);
	}
	ck_assert_msg(most - least <= 1, "used by %u to %u containers", least, most);
}

/* What a machine's containers have, from one change to the next. */
START_TEST(spreads_containers_evenly_whatever_came_before)
{
	struct cgv_cpuset all = { { _i == 8 ? 0xff : _i == 64 ? UINT64_MAX : 0xf0f0 } };
	struct share s[40] = { 0 };
	unsigned seed = 1;

	for (int round = 0; round < 300; round++) {
		size_t n = (size_t)round % ARRAY_LEN(s) + 1;
		struct share *one;

		seed = seed * 1103515245 + 12345;
		one = &s[(seed >> 8) % n];
		one->cores = (seed >> 16) % ((unsigned)_i + 2);
		for (size_t i = 0; i < n; i++)
			s[i].now = round ? s[i].next : all;
		ck_assert_int_eq(cores_spread(&all, s, n), 0);
		check_shares(&all, s, n);
	}
}
END_TEST

START_TEST(moves_nobody_who_need_not_be)
{
	const struct cgv_cpuset all = { { 0xff } };
	struct share s[] = {
		{ 100, 2, { { 0x03 } }, { { 0 } } }, /* as it is */
		{ 101, 2, { { 0x0c } }, { { 0 } } },
		{ 102, 0, { { 0xff } }, { { 0 } } },  /* no part of it */
		{ 103, 3, { { 0xff } }, { { 0 } } },  /* had all: gets what is free */
		{ 104, 1, { { 0x06 } }, { { 0 } } },  /* gives one back: that others use most */
		{ 105, 1, { { 0x300 } }, { { 0 } } }, /* was on CPUs that are gone */
	};
	static const uint64_t next[] = { 0x03, 0x0c, 0xff, 0x70, 0, 0x80 };

	ck_assert_int_eq(cores_spread(&all, s, ARRAY_LEN(s)), 0);
	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		if (next[i])
			ck_assert_uint_eq(s[i].next.bits[0], next[i]);
	ck_assert_uint_eq(cgv_cpuset_count(&s[4].next), 1);
	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		s[i].now = s[i].next;
	ck_assert_int_eq(cores_spread(&all, s, ARRAY_LEN(s)), 0);
	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		ck_assert_uint_eq(s[i].next.bits[0], s[i].now.bits[0]);
}
END_TEST

START_TEST(lists_cpus_as_the_kernel_does)
{
	static const struct {
		struct cgv_cpuset set;
		const char *text;
	} lists[] = {
		{ { { 0 } }, "" },
		{ { { 1 } }, "0" },
		{ { { 0x6f } }, "0-3,5-6" },
		{ { { 1ull << 63, 3 } }, "63-65" },
	};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		auto_free char *text = limits_cpus(&lists[i].set);

		ck_assert_str_eq(text, lists[i].text);
	}
}
END_TEST

START_TEST(knows_what_a_raw_line_says)
{
	CLEANUP(config_free) struct config c = { 0 };
	static const char text[] = "cores: 1\nlxc.cgroup2.cpuset.cpus: 3\n";

	ck_assert_int_eq(config_parse(text, strlen(text), &c, NULL), 0);
	ck_assert(cores_are_raw(&c));
	ck_assert(!cores_limited(&c));
	ck_assert(limits_are_raw(&c, CGV_V2, "cpuset.cpus"));
	ck_assert(!limits_are_raw(&c, CGV_V1, "cpuset.cpus"));
	ck_assert(!limits_are_raw(&c, CGV_V2, "cpuset.mems"));
}
END_TEST

static void put(const char *dir, const char *name, const char *text)
{
	auto_free char *path = text_of("%s/%s", dir, name);
	auto_file f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
}

START_TEST(keeps_the_hooks_of_all_packages_but_lxcfs)
{
	char dir[] = "/tmp/check-pct-XXXXXX";
	auto_free char *none = NULL, *some = NULL, *away = NULL;
	static const char *const names[] = { "00-lxcfs.conf", "90-a.conf", "README" };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	put(dir, "90-a.conf",
	    "# x\nlxc.hook.mount = /usr/bin/a\n lxc.hook.post-stop=/b c\nlxc.tty.max = 1\n");
	put(dir, "README", "lxc.hook.mount = /usr/share/lxcfs/no\n");
	none = dropins_without_lxcfs(dir);
	put(dir, "00-lxcfs.conf",
	    "lxc.hook.mount = /usr/share/lxcfs/lxc.mount.hook\n"
	    "lxc.hook.post-stop = /usr/share/lxcfs/lxc.reboot.hook");
	some = dropins_without_lxcfs(dir);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *path = text_of("%s/%s", dir, names[i]);

		unlink(path);
	}
	rmdir(dir);
	away = dropins_without_lxcfs(dir);
	ck_assert_str_eq(none, "");
	ck_assert_str_eq(away, "");
	ck_assert_str_eq(some, "lxc.hook.mount =\nlxc.hook.mount = /usr/bin/a\n"
			       "lxc.hook.post-stop =\nlxc.hook.post-stop = /b c\n");
}
END_TEST

int main(void)
{
	static const int machines[] = { 8, 64 };
	Suite *s = suite_create("pct limits");
	TCase *t = tcase_create("limits");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, tells_the_kernel_what_a_value_means, 0, ARRAY_LEN(cases));
	tcase_add_test(t, leaves_room_for_others_processes);
	tcase_add_test(t, needs_what_cannot_be_freed);
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		tcase_add_loop_test(t, spreads_containers_evenly_whatever_came_before, machines[i],
				    machines[i] + 1);
	tcase_add_loop_test(t, spreads_containers_evenly_whatever_came_before, 7, 8);
	tcase_add_test(t, moves_nobody_who_need_not_be);
	tcase_add_test(t, lists_cpus_as_the_kernel_does);
	tcase_add_test(t, knows_what_a_raw_line_says);
	tcase_add_test(t, keeps_the_hooks_of_all_packages_but_lxcfs);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
