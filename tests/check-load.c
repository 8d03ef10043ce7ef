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
	suite_add_tcase(s, t);
	return fixture_run(s);
}
