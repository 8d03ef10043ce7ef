// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * For how long a container runs: by its init, its own clock, or its cgroup.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/fixture.h"

#define NOW	    (1000 * CGV_NSEC)
#define BTIME	    1700000000ull
#define CALM	    "monotonic           0         0\nboottime            0         0\n"
#define STAT(start) " S 1 7 7 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 1 0 " start " 0 0\n"

static const struct {
	const char *why, *stat, *offsets; /* NULL: no such file */
	uint64_t start, uptime;		  /* in hundredths */
	uint64_t btime;
	bool timens;
} cases[] = {
	{ "a plain name", "7 (init)" STAT("2500"), CALM, 2500, 97500, BTIME, false },
	{ "blanks in it", "7 (my init )" STAT("2500"), CALM, 2500, 97500, BTIME, false },
	{ "a bracket in it", "7 (a) S 1 2) b)" STAT("2500"), CALM, 2500, 97500, BTIME, false },
	{ "lines in it", "7 (a\nb\n)" STAT("2500"), CALM, 2500, 97500, BTIME, false },
	{ "nothing in it", "7 ()" STAT("2500"), CALM, 2500, 97500, BTIME, false },
	{ "a kernel without timens", "7 (init)" STAT("2500"), NULL, 2500, 97500, BTIME, false },
	{ "started now", "7 (init)" STAT("100000"), CALM, 100000, 0, BTIME, false },
	{ "started in the future", "7 (init)" STAT("100001"), CALM, 100001, 0, BTIME, false },
	{ "a clock of its own", "7 (init)" STAT("2500"),
	  "monotonic 0 0\nboottime        -25         0\n", 2500, 97500, BTIME + 25, true },
	{ "one that is ahead", "7 (init)" STAT("2500"), "boottime 86400 0\n", 2500,
	  100000 + 8640000, BTIME - 86400, true },
	{ "nanoseconds are added, also to what is before", "7 (init)" STAT("2500"),
	  "boottime -25 500000000\n", 2500, 97550, BTIME + 24, true },
	{ "only its monotonic clock is its own", "7 (init)" STAT("2500"),
	  "monotonic -25 0\nboottime 0 0\n", 2500, 97500, BTIME, false },
	{ "before its own boot: not before 0", "7 (init)" STAT("2500"), "boottime -2000 0\n", 2500,
	  0, BTIME + 1000, true },
};

static void open_age(struct tmp *t, struct cgv_host *h, struct cgv_container **c)
{
	tmp_make(t);
	tmp_host(t, 1);
	tmp_v2(t);
	tmp_put(t, "sys/fs/cgroup/a/cgroup.procs", "7\n");
	tmp_open(t, h);
	*c = tmp_container(h, "a");
}

static void close_age(struct tmp *t, struct cgv_host *h, struct cgv_container *c)
{
	cgv_container_close(c);
	cgv_host_close(h);
	tmp_remove(t);
}

START_TEST(counts_from_the_start_of_init_or_by_its_own_clock)
{
	struct cgv_container *c;
	struct cgv_time now;
	struct cgv_age a;
	struct cgv_host h;
	struct tmp t;

	open_age(&t, &h, &c);
	tmp_put(&t, "proc/7/stat", "%s", cases[_i].stat);
	if (cases[_i].offsets)
		tmp_put(&t, "proc/7/timens_offsets", "%s", cases[_i].offsets);
	ck_assert_int_eq(cgv_now(&h, &now), 0);
	ck_assert_msg(cgv_age(c, 7, &now, &a) == 0, "%s", cases[_i].why);
	ck_assert_uint_eq(a.start, cases[_i].start * CGV_TICK);
	ck_assert_msg(a.uptime == cases[_i].uptime * CGV_TICK, "%s: %llu", cases[_i].why,
		      (unsigned long long)a.uptime);
	ck_assert_msg(a.btime == cases[_i].btime, "%s: btime %llu", cases[_i].why,
		      (unsigned long long)a.btime);
	ck_assert_int_eq(a.timens, cases[_i].timens);
	close_age(&t, &h, c);
}
END_TEST

static const struct {
	const char *stat, *offsets;
	int r;
} refused[] = {
	{ NULL, NULL, -ENOENT },
	{ "", CALM, -EBADMSG },
	{ "7 (init", CALM, -EBADMSG },
	{ "7 init S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22", CALM, -EBADMSG },
	{ "7 (init) S 1 7 7 0 -1", CALM, -EBADMSG },
	{ "7 (init)" STAT("-1"), CALM, -EBADMSG },
	{ "7 (init)" STAT("x"), CALM, -EBADMSG },
	{ "7 (init)" STAT("18446744073709551615"), CALM, -EBADMSG },
	{ "7 (init)" STAT("2500"), "boottime\n", -EBADMSG },
	{ "7 (init)" STAT("2500"), "boottime x 0\n", -EBADMSG },
	{ "7 (init)" STAT("2500"), "boottime - 0\n", -EBADMSG },
	{ "7 (init)" STAT("2500"), "boottime --5 0\n", -EBADMSG },
	{ "7 (init)" STAT("2500"), "boottime 0 1000000000\n", -EBADMSG },
	{ "7 (init)" STAT("2500"), "boottime 99999999999 0\n", -EBADMSG },
	{ "7 (init)" STAT("2500"), "boottime 5\n", -EBADMSG },
};

START_TEST(refuses_what_is_not_the_kernels)
{
	struct cgv_age a = { .uptime = 77 };
	struct cgv_container *c;
	struct cgv_time now;
	struct cgv_host h;
	struct tmp t;

	open_age(&t, &h, &c);
	if (refused[_i].stat)
		tmp_put(&t, "proc/7/stat", "%s", refused[_i].stat);
	if (refused[_i].offsets)
		tmp_put(&t, "proc/7/timens_offsets", "%s", refused[_i].offsets);
	ck_assert_int_eq(cgv_now(&h, &now), 0);
	ck_assert_int_eq(cgv_age(c, 7, &now, &a), refused[_i].r);
	ck_assert_uint_eq(a.uptime, 77);
	close_age(&t, &h, c);
}
END_TEST

/* A hook may have told of it before it had its clock: ten seconds, then it stays. */
START_TEST(a_clock_is_asked_for_until_it_cannot_change)
{
	const uint64_t start = 2500 * CGV_TICK;
	struct cgv_time now = { .boot = start + 9 * CGV_NSEC, .real = NOW };
	struct cgv_container *c;
	struct cgv_age a;
	struct cgv_host h;
	struct tmp t;

	open_age(&t, &h, &c);
	tmp_put(&t, "proc/7/stat", "%s", "7 (init)" STAT("2500"));
	tmp_put(&t, "proc/7/timens_offsets", "%s", CALM);
	ck_assert_int_eq(cgv_age(c, 7, &now, &a), 0);
	ck_assert(!a.timens);
	tmp_put(&t, "proc/7/timens_offsets", "boottime -20 0\n");
	now.boot += 2 * CGV_NSEC;
	ck_assert_int_eq(cgv_age(c, 7, &now, &a), 0);
	ck_assert(a.timens);
	ck_assert_uint_eq(a.uptime, now.boot - 20 * CGV_NSEC);
	tmp_put(&t, "proc/7/timens_offsets", "boottime -10 0\n");
	ck_assert_int_eq(cgv_age(c, 7, &now, &a), 0);
	ck_assert_uint_eq(a.uptime, now.boot - 20 * CGV_NSEC);
	ck_assert_int_eq(cgv_age(c, 8, &now, &a),
			 -ENOENT); /* of another process nothing is known */
	close_age(&t, &h, c);
}
END_TEST

START_TEST(without_an_init_its_cgroup_tells)
{
	struct cgv_container *c;
	struct cgv_time now;
	struct cgv_age a;
	struct cgv_host h;
	struct tmp t;
	struct stat st;

	open_age(&t, &h, &c);
	ck_assert_int_eq(fstatat(t.fd, "sys/fs/cgroup/a", &st, 0), 0);
	now.boot = NOW;
	now.real = (uint64_t)(st.st_ctim.tv_sec + 60) * CGV_NSEC + (uint64_t)st.st_ctim.tv_nsec;
	ck_assert_int_eq(cgv_age(c, 0, &now, &a), 0);
	ck_assert_uint_eq(a.uptime, 60 * CGV_NSEC);
	ck_assert_uint_eq(a.start, NOW - 60 * CGV_NSEC);
	ck_assert(!a.timens);
	now.real -= 3600 * CGV_NSEC; /* the clock was set back */
	ck_assert_int_eq(cgv_age(c, 0, &now, &a), 0);
	ck_assert_uint_eq(a.uptime, 0);
	now.real += 1000000 * CGV_NSEC; /* older than the host's boot: set ahead */
	ck_assert_int_eq(cgv_age(c, 0, &now, &a), 0);
	ck_assert_uint_eq(a.uptime, NOW);
	tmp_drop(&t, "sys/fs/cgroup/a");
	ck_assert_int_eq(cgv_age(c, 0, &now, &a), -ENOENT);
	close_age(&t, &h, c);
}
END_TEST

static const struct {
	const char *uptime, *stat;
	int r;
} moments[] = {
	{ "5.00 1.0\n", "btime 1700000000\n", 0 },
	{ "", "btime 1700000000\n", -EBADMSG },
	{ "5\n", "btime 1700000000\n", -EBADMSG },
	{ "5.100 1\n", "btime 1\n", -EBADMSG },
	{ "-5.00 1\n", "btime 1700000000\n", -EBADMSG },
	{ "x.00 1\n", "btime 1\n", -EBADMSG },
	{ "18446744073709551615.00 1\n", "btime 1\n", -EBADMSG },
	{ "5.00 1.0\n", "cpu 1\n", -EBADMSG },
	{ "5.00 1.0\n", "btime -1\n", -EBADMSG },
	{ "5.00 1.0\n", "btime 99999999999\n", -EBADMSG },
};

START_TEST(a_captured_hosts_moment_is_what_its_files_say)
{
	struct cgv_time now = { 77, 77 };
	struct cgv_container *c;
	struct cgv_host h;
	struct tmp t;

	open_age(&t, &h, &c);
	tmp_put(&t, "proc/uptime", "%s", moments[_i].uptime);
	tmp_put(&t, "proc/stat", "%s", moments[_i].stat);
	ck_assert_int_eq(cgv_now(&h, &now), moments[_i].r);
	ck_assert_uint_eq(now.boot, moments[_i].r ? 77 : 5 * CGV_NSEC);
	ck_assert_uint_eq(now.real, moments[_i].r ? 77 : (BTIME + 5) * CGV_NSEC);
	close_age(&t, &h, c);
}
END_TEST

/* On the running host: this program is at most as old as the host, and the clocks agree. */
START_TEST(this_process_is_younger_than_its_host)
{
	struct cgv_container *c;
	struct cgv_place place;
	struct cgv_time now;
	struct cgv_age a;
	struct cgv_host h;

	ck_assert_int_eq(cgv_host_open(&h), 0);
	ck_assert_int_eq(cgv_place_of_pid(&h, getpid(), &place), 0);
	ck_assert_int_eq(cgv_container_open(&h, &place, &c), 0);
	cgv_place_free(&place);
	ck_assert_int_eq(cgv_now(&h, &now), 0);
	ck_assert_int_eq(cgv_age(c, getpid(), &now, &a), 0);
	ck_assert_uint_le(a.start, now.boot);
	ck_assert_uint_lt(a.uptime, 60 * CGV_NSEC);
	cgv_container_close(c);
	cgv_host_close(&h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("age");
	TCase *t = tcase_create("age");

	tcase_add_loop_test(t, counts_from_the_start_of_init_or_by_its_own_clock, 0,
			    ARRAY_LEN(cases));
	tcase_add_loop_test(t, refuses_what_is_not_the_kernels, 0, ARRAY_LEN(refused));
	tcase_add_test(t, a_clock_is_asked_for_until_it_cannot_change);
	tcase_add_test(t, without_an_init_its_cgroup_tells);
	tcase_add_loop_test(t, a_captured_hosts_moment_is_what_its_files_say, 0,
			    ARRAY_LEN(moments));
	tcase_add_test(t, this_process_is_younger_than_its_host);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
