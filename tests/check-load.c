// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The load average, and the tasks it is made of.
 */
#include "tests/fixture.h"

/*
 * One process for a minute, none for half a minute, four for five minutes, two for 15 s, none
 * for 1000 s, 1000 for 25 s, none for an hour: what the kernel's formula has after some steps,
 * computed apart from this code, with its decays made of e.
 */
static const struct {
	unsigned steps, active;
} course[] = { { 12, 1 }, { 6, 0 }, { 60, 4 }, { 3, 2 }, { 200, 0 }, { 5, 1000 }, { 720, 0 } };

static const struct {
	unsigned step;
	uint64_t avg[3];
} wanted[] = {
	{ 1, { 164, 34, 11 } },	      { 2, { 315, 68, 22 } },
	{ 12, { 1299, 378, 132 } },   { 18, { 785, 339, 126 } },
	{ 78, { 8149, 5339, 2379 } }, { 81, { 7250, 5277, 2409 } },
	{ 281, { 0, 158, 759 } },     { 286, { 698776, 164596, 55153 } },
	{ 1006, { 0, 0, 1052 } },
};

START_TEST(averages_as_the_kernel_does)
{
	struct cgv_load l = { { 0 } };
	unsigned step = 0;
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_LEN(course); i++)
		for (unsigned n = 0; n < course[i].steps; n++) {
			cgv_load_add(&l, course[i].active);
			if (at == ARRAY_LEN(wanted) || ++step != wanted[at].step)
				continue;
			for (int k = 0; k < 3; k++)
				ck_assert_uint_eq(l.avg[k], wanted[at].avg[k]);
			at++;
		}
	ck_assert_uint_eq(at, ARRAY_LEN(wanted));
}
END_TEST

START_TEST(settles_at_what_stays_active)
{
	struct cgv_load l = { { 0 } };

	for (int i = 0; i < 20000; i++)
		cgv_load_add(&l, 7);
	for (int k = 0; k < 3; k++)
		ck_assert_uint_eq(l.avg[k], 7 * CGV_LOAD_1);
	for (int i = 0; i < 20000; i++)
		cgv_load_add(&l, 0);
	for (int k = 0; k < 3; k++)
		ck_assert_uint_eq(l.avg[k], 0);
	for (int i = 0; i < 20000; i++)
		cgv_load_add(&l, UINT64_MAX); /* no wrap-around */
	for (int k = 0; k < 3; k++)
		ck_assert_uint_eq(l.avg[k], (uint64_t)UINT32_MAX * CGV_LOAD_1);
}
END_TEST

/* Two decimals, rounded as the kernel rounds. */
static const struct {
	uint64_t avg;
	const char *text;
} texts[] = {
	{ 0, "0.00" },	  { 10, "0.00" },   { 11, "0.01" },   { 2048, "1.00" },
	{ 2037, "0.99" }, { 2038, "1.00" }, { 3072, "1.50" }, { 204800, "100.00" },
};

START_TEST(is_written_with_two_decimals)
{
	struct sample s = { .tasks = { .total = 9, .running = 2, .last_pid = 44 },
			    .load = { { texts[_i].avg, 2048, 0 } } };
	struct view v = { .s = &s };
	char buf[128], want[128];
	struct out o = { buf, sizeof(buf), 0, false };

	ck_assert_int_eq(loadavg_render(&v, &o), 0);
	snprintf(want, sizeof(want), "%s 1.00 0.00 2/9 44\n", texts[_i].text);
	ck_assert_str_eq(buf, want);
}
END_TEST

/* ---- tasks ---- */

static void put_task(const struct tmp *t, unsigned tid, const char *name, char state, unsigned own)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%u/status", tid);
	tmp_put(t, path, "Name:\t%s\nState:\t%c (x)\nNSpid:\t%u\t%u\nThreads:\t1\n", name, state,
		tid, own);
}

static const struct {
	const char *top, *list;
} layouts[] = {
	{ "sys/fs/cgroup", "cgroup.threads" },
	{ "sys/fs/cgroup/cpuacct", "tasks" },
	{ "sys/fs/cgroup/memory", "tasks" },
	{ "sys/fs/cgroup/unified", "cgroup.threads" },
};

static void put_list(const struct tmp *t, int layout, const char *cgroup, const char *tids)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s/%s", layouts[layout].top, cgroup, layouts[layout].list);
	tmp_put(t, path, "%s", tids);
}

static void put_layout(const struct tmp *t, int layout)
{
	if (layout == 0)
		tmp_v2(t);
	if (layout == 3)
		tmp_put(t, "sys/fs/cgroup/unified/cgroup.controllers", "\n");
}

START_TEST(counts_states_over_all_cgroups_below)
{
	struct cgv_tasks n = { .last_pid = 3, .total = 99 };
	struct cgv_container *c;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	put_layout(&t, _i);
	put_list(&t, _i, "a", "106\n101\n102\n"); /* the newest need not be the last */
	put_list(&t, _i, "a/b", "103\n");
	put_list(&t, _i, "a/b/c", "104\n105\n999\n"); /* 999 is gone already */
	put_list(&t, _i, "a/d", "");
	put_list(&t, _i, "a/.lxc", "109\n"); /* where lxc-attach puts what it runs */
	put_list(&t, _i, "other", "107\n");
	put_list(&t, _i, "", "108\n");
	put_task(&t, 101, "init", 'S', 17); /* the host's numbers began anew since */
	put_task(&t, 102, "R", 'R', 2);
	put_task(&t, 103, "a) S 1", 'R', 3);
	put_task(&t, 104, "State:", 'D', 4);
	put_task(&t, 105, "x", 'Z', 5);
	put_task(&t, 106, "y", 'D', 7);
	put_task(&t, 107, "z", 'R', 1);
	put_task(&t, 108, "z", 'R', 108);
	put_task(&t, 109, "attached", 'R', 18);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_tasks(c, 0, &n), 0);
	ck_assert_uint_eq(n.total, 7);
	ck_assert_uint_eq(n.running, 3);
	ck_assert_uint_eq(n.blocked, 2);
	ck_assert_uint_eq(n.last_pid, 18);
	n.last_pid = 50;
	ck_assert_int_eq(cgv_tasks(c, 0, &n), 0);
	ck_assert_uint_eq(n.last_pid, 50); /* never decreases */
	tmp_drop(&t, "sys/fs/cgroup");
	ck_assert_int_eq(cgv_tasks(c, 0, &n), -ENOENT);
	ck_assert_uint_eq(n.total, 7);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

START_TEST(a_task_that_cannot_be_read_counts_nowhere)
{
	static const char *const bad[] = {
		"", "5", "State:", "State:\n", "State: \nNSpid:\n", "Name:\tState:", "XState:\tR\n"
	};
	struct cgv_tasks n = { 0 };
	struct cgv_container *c;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	tmp_put(&t, "sys/fs/cgroup/a/cgroup.threads", "5\nx\n-1\n\n99999999999999999999\n6\n");
	tmp_put(&t, "proc/5/status", "%s", bad[_i]);
	put_task(&t, 6, "good", 'R', 1);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_tasks(c, 0, &n), 0);
	ck_assert_uint_eq(n.total, 1);
	ck_assert_uint_eq(n.running, 1);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* Empty cgroups take time too: a few have a task, and fewer are looked at. */
START_TEST(cgroups_without_end_take_no_more_time_than_there_is)
{
	struct cgv_tasks n = { 0 };
	struct cgv_container *c;
	struct cgv_host h;
	char path[64];
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	for (int i = 0; i < 400; i++) {
		snprintf(path, sizeof(path), "sys/fs/cgroup/a/%d/cgroup.threads", i);
		tmp_put(&t, path, i % 40 ? "" : "7\n");
	}
	tmp_put(&t, "sys/fs/cgroup/a/cgroup.threads", "7\n");
	put_task(&t, 7, "x", 'R', 7);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_tasks(c, 0, &n), 0);
	ck_assert_uint_eq(n.total, 11);
	ck_assert_int_eq(cgv_tasks(c, 1, &n), 0); /* it is over already */
	ck_assert_uint_ge(n.running, 1);
	ck_assert_uint_lt(n.total, 11);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* Deeper than is looked into: it ends, and what is above is counted. */
START_TEST(very_deep_cgroups_end)
{
	char path[512] = "sys/fs/cgroup/a";
	struct cgv_tasks n = { 0 };
	struct cgv_container *c;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	tmp_v2(&t);
	for (int i = 0; i < 100; i++)
		strcat(path, "/b");
	strcat(path, "/cgroup.threads");
	tmp_put(&t, path, "7\n");
	tmp_put(&t, "sys/fs/cgroup/a/b/cgroup.threads", "7\n");
	put_task(&t, 7, "x", 'R', 7);
	tmp_open(&t, &h);
	c = tmp_container(&h, "a");
	ck_assert_int_eq(cgv_tasks(c, 0, &n), 0);
	ck_assert_uint_eq(n.total, 1);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* In v1 a container need not have a cgroup in each hierarchy: what is in the root is not its. */
START_TEST(the_root_of_a_hierarchy_is_nobodys_own)
{
	struct cgv_tasks n = { 0 };
	struct cgv_container *c;
	struct cgv_place place;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	put_list(&t, 1, "", "101\n102\n103\n");
	put_list(&t, 2, "a", "102\n");
	put_task(&t, 101, "x", 'R', 1);
	put_task(&t, 102, "y", 'R', 2);
	put_task(&t, 103, "z", 'R', 3);
	tmp_put(&t, "proc/102/cgroup", "2:cpuacct:/\n1:memory:/a\n");
	tmp_open(&t, &h);
	ck_assert_int_eq(cgv_place_of_pid(&h, 102, &place), 0);
	ck_assert_int_eq(cgv_container_open(&h, &place, &c), 0);
	cgv_place_free(&place);
	ck_assert_int_eq(cgv_tasks(c, 0, &n), 0);
	ck_assert_uint_eq(n.total, 1);
	cgv_container_close(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* ---- containers that do nothing ---- */

static const struct {
	const char *pids, *used;
} pulses[] = {
	{ "sys/fs/cgroup/a/pids.current", "sys/fs/cgroup/a/cpu.stat" },
	{ "sys/fs/cgroup/pids/a/pids.current", "sys/fs/cgroup/cpuacct/a/cpuacct.usage" },
};

static void put_pulse(const struct tmp *t, int i, unsigned used, unsigned tasks)
{
	char text[100];

	snprintf(text, sizeof(text), i ? "%u\n" : "usage_usec %u\nuser_usec 1\n", used);
	tmp_put(t, pulses[i].used, "%s", text);
	tmp_put(t, pulses[i].pids, "%u\n", tasks);
}

START_TEST(who_was_seen_asleep_and_has_not_run_sleeps)
{
	struct container *c;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	put_layout(&t, _i);
	put_list(&t, _i, "a", "101\n");
	put_task(&t, 101, "x", 'S', 1);
	put_pulse(&t, _i, 100, 1);
	tmp_open(&t, &h);
	c = fixture_container(&h, "a", false);
	container_count_tasks(c, 0, false);
	ck_assert_uint_eq(c->tasks.total, 1);
	ck_assert_uint_eq(c->counts.load.avg[0], 0);
	/* What no kernel does, and so shows that it is not looked at. */
	put_task(&t, 101, "x", 'R', 1);
	container_count_tasks(c, 0, false);
	ck_assert_uint_eq(c->tasks.running, 0);
	put_pulse(&t, _i, 101, 1);
	container_count_tasks(c, 0, false);
	ck_assert_uint_eq(c->tasks.running, 1);
	ck_assert_uint_gt(c->counts.load.avg[0], 0);
	/* Who was seen running may stop without having run: he is looked at. */
	put_task(&t, 101, "x", 'S', 1);
	container_count_tasks(c, 0, false);
	ck_assert_uint_eq(c->tasks.running, 0);
	/* Moved in. */
	put_list(&t, _i, "a", "101\n102\n");
	put_task(&t, 102, "x", 'D', 2);
	put_pulse(&t, _i, 101, 2);
	container_count_tasks(c, 0, false);
	ck_assert_uint_eq(c->tasks.blocked, 1);
	put_task(&t, 102, "x", 'S', 2);
	container_count_tasks(c, 0, false);
	ck_assert_uint_eq(c->tasks.blocked, 0);
	/* The cgroup goes, and with it a container that has no init. */
	tmp_drop(&t, "sys/fs/cgroup");
	container_count_tasks(c, 0, false);
	ck_assert(container_dead(c));
	container_put(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

START_TEST(without_the_counters_it_is_looked_at_each_time)
{
	struct container *c;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	put_layout(&t, 0);
	put_list(&t, 0, "a", "101\n");
	put_task(&t, 101, "x", 'S', 1);
	put_pulse(&t, 0, 100, 1);
	tmp_drop(&t, _i ? pulses[0].pids : pulses[0].used);
	tmp_open(&t, &h);
	c = fixture_container(&h, "a", false);
	container_count_tasks(c, 0, false);
	put_task(&t, 101, "x", 'R', 1);
	container_count_tasks(c, 0, false);
	ck_assert_uint_eq(c->tasks.running, 1);
	container_put(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

/* What went out between two readers is in no difference of theirs. */
START_TEST(swap_that_grew_and_shrank_is_seen)
{
	struct container *c;
	struct cgv_host h;
	struct tmp t;

	tmp_make(&t);
	tmp_host(&t, 1);
	put_layout(&t, 0);
	put_list(&t, 0, "a", "101\n");
	put_task(&t, 101, "x", 'S', 1);
	put_pulse(&t, 0, 100, 1);
	tmp_put(&t, "sys/fs/cgroup/a/memory.max", "104857600\n");
	tmp_put(&t, "sys/fs/cgroup/a/memory.current", "4096\n");
	tmp_put(&t, "sys/fs/cgroup/a/memory.swap.max", "max\n");
	tmp_put(&t, "sys/fs/cgroup/a/memory.swap.current", "0\n");
	tmp_open(&t, &h);
	c = fixture_container(&h, "a", false);
	for (unsigned i = 0; i < 6; i++) {
		tmp_put(&t, "proc/uptime", "%u.00 1.00\n", 1000 + 5 * i);
		tmp_put(&t, "sys/fs/cgroup/a/memory.swap.current", "%u\n", i % 2 ? 8192 : 0);
		container_count_tasks(c, 0, i < 4);
		ck_assert_uint_eq(c->counts.swapped.out, MIN((i + 1) / 2, 2u) * 8192);
	}
	container_put(c);
	cgv_host_close(&h);
	tmp_remove(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("load");
	TCase *t = tcase_create("load");

	tcase_add_test(t, averages_as_the_kernel_does);
	tcase_add_test(t, settles_at_what_stays_active);
	tcase_add_loop_test(t, is_written_with_two_decimals, 0, ARRAY_LEN(texts));
	tcase_add_loop_test(t, counts_states_over_all_cgroups_below, 0, ARRAY_LEN(layouts));
	tcase_add_loop_test(t, a_task_that_cannot_be_read_counts_nowhere, 0, 7);
	tcase_add_test(t, cgroups_without_end_take_no_more_time_than_there_is);
	tcase_add_test(t, very_deep_cgroups_end);
	tcase_add_test(t, the_root_of_a_hierarchy_is_nobodys_own);
	tcase_add_loop_test(t, who_was_seen_asleep_and_has_not_run_sleeps, 0, ARRAY_LEN(pulses));
	tcase_add_loop_test(t, without_the_counters_it_is_looked_at_each_time, 0, 2);
	tcase_add_test(t, swap_that_grew_and_shrank_is_seen);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
