// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is told from what: a request that hangs, one that has no CPU, one that waits for either.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "procfs/stuck.h"
#include "tests/fixture.h"

#define WORKER 1000000 /* no process has that number, nor its threads */

static int mem;
static struct slots *slots, *all[N_MOUNTS];
static struct looks looks;
static struct spent had[8], self, worker; /* by thread: WORKER + 1 … */

static bool spent(pid_t process, pid_t thread, struct spent *out)
{
	*out = process != WORKER ? self : thread ? had[thread - WORKER] : worker;
	return true;
}

static void setup(void)
{
	mem = memfd_create("slots", MFD_CLOEXEC);
	ck_assert_int_eq(slots_open(mem, &slots), 0);
	all[0] = slots;
	looks = (struct looks){ .spent = spent };
}

static void teardown(void)
{
	slots_close(slots);
	close_fd(&mem);
}

static struct slot *begin(unsigned i, int thread)
{
	struct slot *t = slot_at(slots, i);

	t->head.unique = 2 + i;
	t->since = 7 + i;
	t->by = WORKER;
	t->thread = WORKER + thread;
	return t;
}

static struct slot *found[8];

static unsigned look(void)
{
	return stuck_requests(&looks, all, WORKER, found, ARRAY_LEN(found));
}

/* How often it was looked before one was found. */
static unsigned looks_until(void (*each)(void))
{
	unsigned n = 0;

	while (n < 200 && !look()) {
		n++;
		if (each)
			each();
	}
	return n;
}

START_TEST(who_sleeps_is_found_in_five_seconds)
{
	struct slot *t = begin(3, 1);

	ck_assert_uint_eq(looks_until(NULL), STUCK_LOOKS);
	ck_assert_ptr_eq(found[0], t);
	slots_suspect(found, 1);
	ck_assert_uint_eq(t->crashes, 1);
}
END_TEST

static void runs(void)
{
	had[1].ran += 400000000;
}

START_TEST(who_computes_is_found_after_so_much_time_of_a_cpu)
{
	(void)begin(TURN_LARGE + 5, 1);
	ck_assert_uint_eq(looks_until(runs), 13); /* 5 s of it */
}
END_TEST

static void is_late(void)
{
	had[1].late += 900000000;
	had[1].ran += 1000000;
}

START_TEST(who_waits_for_a_cpu_is_not_stuck)
{
	(void)begin(0, 1);
	ck_assert_uint_eq(looks_until(is_late), STUCK_MOST);
}
END_TEST

START_TEST(nor_soon_who_waits_for_one_that_waits)
{
	struct slot *t = begin(1, 2);

	(void)begin(0, 1);
	ck_assert_uint_eq(looks_until(is_late), STUCK_LOOKS * STUCK_BUSY);
	ck_assert_ptr_eq(found[0], t);
}
END_TEST

static void we_are_late(void)
{
	self.late += 80000000;
}

START_TEST(nor_anybody_soon_where_we_are_late_ourselves)
{
	(void)begin(0, 1);
	self.late = 80000000;
	ck_assert_uint_eq(looks_until(we_are_late), STUCK_LOOKS * STUCK_BUSY);
}
END_TEST

static void is_another(void)
{
	slot_at(slots, 0)->since++;
}

START_TEST(another_request_in_the_slot_begins_anew)
{
	(void)begin(0, 1);
	ck_assert_uint_eq(looks_until(is_another), 200);
}
END_TEST

/* It was what made an error of a slow start: the time before counted. */
START_TEST(what_the_worker_before_left_is_not_this_ones)
{
	struct slot *t = begin(0, 1);

	t->by = WORKER - 1;
	ck_assert_uint_eq(looks_until(NULL), 200);
	ck_assert_uint_eq(t->crashes, 0);
}
END_TEST

START_TEST(of_several_none_is_convicted_before_it_was_alone)
{
	struct slot *one = begin(0, 1), *two = begin(9, 2);

	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(looks_until(NULL), i ? 0 : STUCK_LOOKS);
		ck_assert_uint_eq(look(), 2);
		slots_suspect(found, 2);
	}
	ck_assert_uint_eq(one->crashes, 1);
	ck_assert_uint_eq(two->crashes, 1);
	slot_empty(one);
	ck_assert_uint_eq(look(), 1);
	slots_suspect(found, 1);
	ck_assert_uint_eq(two->crashes, 2);
}
END_TEST

static void works(void)
{
	worker.ran += 5000000;
}

static unsigned looks_idle(bool wait, void (*each)(void))
{
	unsigned n = 0;

	do {
		if (each)
			each();
		ck_assert_uint_eq(look(), 0);
		n++;
	} while (n < 200 && !stuck_worker(&looks, 0, wait, 5));
	return n;
}

START_TEST(a_worker_that_takes_nothing_and_does_nothing_is_stuck)
{
	ck_assert_uint_eq(looks_idle(true, NULL), STUCK_LOOKS + 1);
}
END_TEST

START_TEST(one_that_works_is_slow)
{
	ck_assert_uint_eq(looks_idle(true, works), STUCK_MOST + 1);
}
END_TEST

START_TEST(one_that_nobody_asks_is_neither)
{
	ck_assert_uint_eq(looks_idle(false, NULL), 200);
}
END_TEST

START_TEST(a_thread_of_ours_is_seen_running)
{
	pid_t me = (pid_t)syscall(SYS_gettid);
	struct spent a, b, c, d;

	ck_assert(spent_by(getpid(), me, &a));
	ck_assert(spent_by(getpid(), 0, &c));
	for (clock_t end = clock() + CLOCKS_PER_SEC / 20; clock() < end;)
		;
	ck_assert(spent_by(getpid(), me, &b));
	ck_assert(spent_by(getpid(), 0, &d));
	ck_assert_uint_ge(b.ran, a.ran + 20000000);
	ck_assert_uint_ge(b.late, a.late);
	ck_assert_uint_ge(d.ran, c.ran + 20000000);
	ck_assert(!spent_by(WORKER * 100, 1, &a));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stuck");
	TCase *t = tcase_create("stuck");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, who_sleeps_is_found_in_five_seconds);
	tcase_add_test(t, who_computes_is_found_after_so_much_time_of_a_cpu);
	tcase_add_test(t, who_waits_for_a_cpu_is_not_stuck);
	tcase_add_test(t, nor_soon_who_waits_for_one_that_waits);
	tcase_add_test(t, nor_anybody_soon_where_we_are_late_ourselves);
	tcase_add_test(t, another_request_in_the_slot_begins_anew);
	tcase_add_test(t, what_the_worker_before_left_is_not_this_ones);
	tcase_add_test(t, of_several_none_is_convicted_before_it_was_alone);
	tcase_add_test(t, a_worker_that_takes_nothing_and_does_nothing_is_stuck);
	tcase_add_test(t, one_that_works_is_slow);
	tcase_add_test(t, one_that_nobody_asks_is_neither);
	tcase_add_test(t, a_thread_of_ours_is_seen_running);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
