// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose turn it is: with a pipe for the kernel, and requests that take their time by sleeping.
 */
#include <poll.h>
#include <time.h>

#include "procfs/turns.h"
#include "tests/fixture.h"

#define ASKED 300 /* requests at a time: more than there are slots */

struct ask {
	uint64_t owner;
	uint32_t id; /* 0: the end */
	uint32_t us; /* which it takes, alone among its owner's */
};

static struct turns turns;
static int kernel[2];
static struct ask slot[TURN_SLOTS];
static pthread_t thread[TURN_THREADS];

#define OWNERS 16
static pthread_mutex_t owners[OWNERS];
static _Atomic unsigned at_once[OWNERS], most_at_once[OWNERS], answered[OWNERS];
static _Atomic unsigned answers[2 * ASKED];
static void (*on_answer)(const struct ask *a);

static bool waits(void *arg)
{
	struct pollfd p = { .fd = kernel[0], .events = POLLIN };

	(void)arg;
	return poll(&p, 1, 0) == 1;
}

static void ask(uint64_t owner, uint32_t id, uint32_t us)
{
	const struct ask a = { owner, id, us };

	ck_assert_int_eq(write(kernel[1], &a, sizeof(a)), sizeof(a));
}

static void answer(const struct ask *a)
{
	unsigned of = (unsigned)(a->owner % OWNERS), n = ++at_once[of];

	if (n > most_at_once[of]) /* of two at the same moment the larger may be lost */
		most_at_once[of] = n;
	pthread_mutex_lock(&owners[of]);
	if (a->us)
		nanosleep(&(struct timespec){ .tv_nsec = 1000L * a->us }, NULL);
	pthread_mutex_unlock(&owners[of]);
	at_once[of]--;
	answered[of]++;
	if (on_answer)
		on_answer(a);
	answers[a->id]++;
}

static void *serve(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg, i;
	bool fresh;

	while (turns_next(&turns, me, &i, &fresh)) {
		if (fresh) {
			if (read(kernel[0], &slot[i], sizeof(slot[i])) != sizeof(slot[i]))
				abort();
			if (!slot[i].id)
				turns_stop(&turns);
			if (!turns_filled(&turns, me, i, slot[i].id ? slot[i].owner : 0))
				continue;
		}
		answer(&slot[i]);
		turns_done(&turns, me, i);
	}
	return NULL;
}

static void start(const uint64_t left[TURN_SLOTS])
{
	ck_assert_int_eq(pipe(kernel), 0);
	for (int i = 0; i < OWNERS; i++)
		pthread_mutex_init(&owners[i], NULL);
	turns_init(&turns, left, waits, NULL);
	for (uintptr_t i = 0; i < TURN_THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, serve, (void *)i), 0);
}

static void end(void)
{
	turns_stop(&turns);
	for (int i = 0; i < TURN_THREADS; i++)
		ask(1, 0, 0);
	for (int i = 0; i < TURN_THREADS; i++)
		pthread_join(thread[i], NULL);
	turns_free(&turns);
	close(kernel[0]);
	close(kernel[1]);
}

static unsigned all_answered(void)
{
	unsigned n = 0;

	for (int i = 0; i < OWNERS; i++)
		n += answered[i];
	return n;
}

static void wait_for(unsigned n)
{
	while (all_answered() < n)
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

static const uint64_t none[TURN_SLOTS];

START_TEST(every_request_is_answered_once)
{
	struct chance by = { 5 };

	start(none);
	for (unsigned i = 1; i <= ASKED; i++) {
		uint64_t n = chance_below(&by, 12);

		ask(n < 4    ? 1
		    : n < 8  ? 2 + n % 2
		    : n == 8 ? OWNER_ONE
		    : n == 9 ? OWNER_NONE
			     : 4,
		    i, (uint32_t)chance_below(&by, 200));
	}
	wait_for(ASKED);
	end();
	for (unsigned i = 1; i <= ASKED; i++)
		ck_assert_uint_eq(answers[i], 1);
	for (unsigned i = 1; i < 5; i++)
		ck_assert_uint_le(most_at_once[i], TURNS_EACH);
	ck_assert_uint_eq(most_at_once[OWNER_ONE % OWNERS], 1);
	ck_assert_uint_ge(most_at_once[1], 2);
}
END_TEST

/* As with 64 readers in one container: who is answered asks again, at once. */
static _Atomic bool over;
static _Atomic unsigned then; /* how many were answered when the quiet one was */

static void ask_again(const struct ask *a)
{
	if (a->owner < 11 && !over)
		ask(a->owner, a->id, a->us);
	if (a->owner == 11) /* here, not when we ourselves run again and see it */
		then = all_answered();
}

static int by_size(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

/* How many of the others' are answered between a quiet one's request and its answer: the median. */
static unsigned waited(unsigned crowds, unsigned each)
{
	unsigned n[50];

	on_answer = ask_again;
	start(none);
	for (unsigned k = 0; k < crowds; k++)
		for (unsigned i = 0; i < each; i++)
			ask(1 + k, 1 + k * each + i, 100);
	wait_for(200);
	for (unsigned i = 0; i < ARRAY_LEN(n); i++) {
		unsigned before = all_answered();

		ask(11, ASKED + i, 100);
		while (!answers[ASKED + i])
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
		n[i] = then - before;
	}
	over = true;
	end();
	qsort(n, ARRAY_LEN(n), sizeof(*n), by_size);
	return n[ARRAY_LEN(n) / 2];
}

START_TEST(a_crowd_of_one_container_holds_up_nobody_else)
{
	/* First come, first served would be 64 and more. */
	ck_assert_uint_lt(waited(1, 64), 16);
}
END_TEST

START_TEST(crowds_of_as_many_containers_as_there_are_threads_do_not_hold_up_long)
{
	/* First come, first served would be a hundred. */
	ck_assert_uint_lt(waited(10, 10), 16);
}
END_TEST

START_TEST(what_was_left_is_answered_too)
{
	uint64_t left[TURN_SLOTS] = { 0 };

	for (unsigned i = 0; i < TURN_SLOTS; i += _i) {
		left[i] = i % 3 ? 1 : OWNER_ONE;
		slot[i] = (struct ask){ left[i], 1 + i, 50 };
	}
	start(left);
	wait_for((TURN_SLOTS + (unsigned)_i - 1) / (unsigned)_i);
	ask(2, 2 * ASKED - 1, 0);
	wait_for((TURN_SLOTS + (unsigned)_i - 1) / (unsigned)_i + 1);
	end();
	for (unsigned i = 0; i < TURN_SLOTS; i++)
		ck_assert_uint_eq(answers[i + 1], i % (unsigned)_i == 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("turns");
	TCase *t = tcase_create("turns");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, every_request_is_answered_once);
	tcase_add_test(t, a_crowd_of_one_container_holds_up_nobody_else);
	tcase_add_test(t, crowds_of_as_many_containers_as_there_are_threads_do_not_hold_up_long);
	tcase_add_loop_test(t, what_was_left_is_answered_too, 1, 4);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
