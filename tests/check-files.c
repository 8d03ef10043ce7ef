// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Cgroup files that are kept open: never more than there may be, the latest used ones, and whoever
 * has none is shown the same.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "tests/fixture.h"

#define MANY 40
#define MB   (1ull << 20)

static struct tmp tmp;
static struct cgv_host host;
static struct cgv_container *c[MANY];

/* Of container @i: its two files are kept open, memory.max and memory.current. */
static void setup(void)
{
	char name[64];

	tmp_make(&tmp);
	tmp_host(&tmp, 2);
	tmp_v2(&tmp);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "sys/fs/cgroup/c%d/memory.max", i);
		tmp_put(&tmp, name, "%llu\n", (100 + (unsigned)i) * MB);
		snprintf(name, sizeof(name), "sys/fs/cgroup/c%d/memory.current", i);
		tmp_put(&tmp, name, "%llu\n", MB);
	}
	tmp_open(&tmp, &host);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		c[i] = tmp_container(&host, name);
	}
}

static void teardown(void)
{
	for (int i = 0; i < MANY; i++)
		cgv_container_close(c[i]);
	ck_assert_uint_eq(cgv_files_open(&host), 0);
	cgv_host_close(&host);
	tmp_remove(&tmp);
}

static void read_one(int i)
{
	struct cgv_memory m;

	ck_assert_int_eq(cgv_memory(c[i], &m), 0);
	ck_assert_uint_eq(m.total, (100 + (unsigned)i) * MB);
	ck_assert_uint_eq(m.free, (99 + (unsigned)i) * MB);
}

START_TEST(any_number_is_kept_as_a_rule)
{
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < MANY; i++)
			read_one(i);
	ck_assert_uint_eq(cgv_files_open(&host), 2 * MANY);
}
END_TEST

static const unsigned limits[] = { 0, 1, 2, 3, 7, 2 * MANY - 1, 2 * MANY };

START_TEST(never_more_than_the_limit_and_all_are_read)
{
	struct chance by = { 7 };

	for (int i = 0; i < MANY; i++)
		read_one(i);
	cgv_files_limit(&host, limits[_i]);
	ck_assert_uint_le(cgv_files_open(&host), limits[_i]);
	for (int k = 0; k < 2000; k++) {
		read_one((int)chance_below(&by, MANY));
		ck_assert_uint_le(cgv_files_open(&host), limits[_i]);
	}
	/* Of files of two each some room may be left. */
	ck_assert_uint_ge(cgv_files_open(&host) + 1, limits[_i]);
}
END_TEST

/* A file that is open is still read when it has no name any more. */
static bool is_kept(int i)
{
	struct cgv_memory m;
	char name[64];

	snprintf(name, sizeof(name), "sys/fs/cgroup/c%d/memory.max", i);
	tmp_drop(&tmp, name);
	return cgv_memory(c[i], &m) == 0 && m.total == (100 + (unsigned)i) * MB;
}

START_TEST(the_one_used_longest_ago_goes)
{
	cgv_files_limit(&host, 6);
	for (int i = 0; i < 3; i++)
		read_one(i);
	read_one(0);
	read_one(3); /* instead of 1 */
	ck_assert(is_kept(3));
	ck_assert(is_kept(0));
	ck_assert(is_kept(2));
	ck_assert(!is_kept(1));
}
END_TEST

START_TEST(one_that_is_held_keeps_its_files)
{
	cgv_files_limit(&host, 2);
	read_one(0);
	cgv_container_hold(c[0]);
	for (int i = 1; i < MANY; i++)
		read_one(i);
	cgv_files_rest(&host, 0);
	cgv_files_rest(&host, 0);
	ck_assert_uint_eq(cgv_files_open(&host), 2);
	ck_assert(is_kept(0));
	cgv_container_release(c[0]);
	read_one(1);
	ck_assert(!is_kept(0));
}
END_TEST

START_TEST(what_nobody_uses_is_closed_after_a_while)
{
	read_one(0);
	read_one(1);
	for (int k = 0; k < 3; k++) {
		cgv_files_rest(&host, 3);
		read_one(1);
	}
	ck_assert_uint_eq(cgv_files_open(&host), 4);
	cgv_files_rest(&host, 3);
	ck_assert_uint_eq(cgv_files_open(&host), 2);
	ck_assert(is_kept(1));
	for (int k = 0; k < 4; k++)
		cgv_files_rest(&host, 3);
	ck_assert_uint_eq(cgv_files_open(&host), 0);
}
END_TEST

START_TEST(a_container_that_is_closed_takes_its_files_along)
{
	for (int i = 0; i < 5; i++)
		read_one(i);
	cgv_container_close(cgv_container_get(c[2]));
	ck_assert_uint_eq(cgv_files_open(&host), 10);
	cgv_container_close(c[2]);
	ck_assert_uint_eq(cgv_files_open(&host), 8);
	c[2] = NULL;
	cgv_files_limit(&host, 0);
	ck_assert_uint_eq(cgv_files_open(&host), 0);
}
END_TEST

/* Whatever was thought of how many there are: those that are only kept are given up, for others. */
START_TEST(where_no_fd_is_left_kept_ones_are_given_up)
{
	struct rlimit few;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
	few.rlim_cur = 40 + (rlim_t)_i;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < MANY; i++)
			read_one(i);
	ck_assert_uint_gt(cgv_files_open(&host), 1);
	for (int i = 0; i < 10; i++)
		ck_assert_int_ge(dup(0), 0);
}
END_TEST

static void *read_many(void *arg)
{
	int mine = (int)(intptr_t)arg;

	for (int k = 0; k < 3000; k++) {
		if (k % 3)
			cgv_container_hold(c[mine + k % 10]);
		read_one(mine + k % 10);
		if (k % 3)
			cgv_container_release(c[mine + k % 10]);
		if (k % 100 == 0)
			cgv_files_rest(&host, 1);
	}
	return NULL;
}

START_TEST(threads_take_each_others_files_and_none_is_read_for_another)
{
	pthread_t t[4];

	cgv_files_limit(&host, 5);
	for (intptr_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, read_many, (void *)(i * 10)), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_le(cgv_files_open(&host), 5);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("files");
	TCase *t = tcase_create("files");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, any_number_is_kept_as_a_rule);
	tcase_add_loop_test(t, never_more_than_the_limit_and_all_are_read, 0, ARRAY_LEN(limits));
	tcase_add_test(t, the_one_used_longest_ago_goes);
	tcase_add_test(t, one_that_is_held_keeps_its_files);
	tcase_add_test(t, what_nobody_uses_is_closed_after_a_while);
	tcase_add_test(t, a_container_that_is_closed_takes_its_files_along);
	tcase_add_loop_test(t, where_no_fd_is_left_kept_ones_are_given_up, 0, 4);
	tcase_add_test(t, threads_take_each_others_files_and_none_is_read_for_another);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
