// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose turn it is: with a pipe for the kernel, and requests that take their time by sleeping.
 */
#include <poll.h>
#include <time.h>

#include "procfs/turns.h"
#include "tests/fixture.h"

#define ASKED 300 /* requests at a time: more than there are slots */

struct request {
	struct ask ask;
	uint32_t id; /* 0: the end */
	uint32_t us; /* which it takes, alone among its owner's */
};

static struct turns turns;
static int kernel[2];
static struct request slot[TURN_SLOTS];
static pthread_t thread[TURN_THREADS];

#define OWNERS 16
static pthread_mutex_t owners[OWNERS];
#define SUSPECTS 12 /* they count as one owner's, beside their own */
static _Atomic unsigned at_once[OWNERS], most_at_once[OWNERS], answered[OWNERS], refused[OWNERS];
static _Atomic unsigned answers[2 * TURN_SLOTS];
static void (*on_answer)(const struct request *a);

static bool waits(void *arg)
{
	struct pollfd p = { .fd = kernel[0], .events = POLLIN };

	(void)arg;
	return poll(&p, 1, 0) == 1;
}

static void ask_so(struct ask how, uint32_t id, uint32_t us)
{
	const struct request a = { how, id, us };

	ck_assert_int_eq(write(kernel[1], &a, sizeof(a)), sizeof(a));
}

static void ask(uint64_t owner, uint32_t id, uint32_t us)
{
	ask_so((struct ask){ .owner = owner, .small = id % 7 != 0 }, id, us);
}

static void move(void *arg, unsigned from, unsigned to)
{
	(void)arg;
	ck_assert_uint_lt(from, TURN_LARGE);
	ck_assert_uint_ge(to, TURN_LARGE);
	ck_assert(slot[from].ask.small);
	slot[to] = slot[from];
	slot[from] = (struct request){ 0 };
}

static void begin(unsigned of)
{
	unsigned n = ++at_once[of];

	if (n > most_at_once[of]) /* of two at the same moment the larger may be lost */
		most_at_once[of] = n;
}

static void answer(const struct request *a)
{
	unsigned of = (unsigned)(a->ask.owner % OWNERS);

	begin(of);
	if (a->ask.alone)
		begin(SUSPECTS);
	if (a->ask.alone && at_once[of] > 1)
		most_at_once[SUSPECTS] = 99;
	pthread_mutex_lock(&owners[of]);
	if (a->us)
		nanosleep(&(struct timespec){ .tv_nsec = 1000L * a->us }, NULL);
	pthread_mutex_unlock(&owners[of]);
	at_once[SUSPECTS] -= a->ask.alone;
	at_once[of]--;
	answered[of]++;
	if (on_answer)
		on_answer(a);
	answers[a->id]++;
}

static void *serve(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg, i;
	enum turn turn;
	bool fresh;

	while (turns_next(&turns, me, &i, &fresh)) {
		if (fresh) {
			if (read(kernel[0], &slot[i], sizeof(slot[i])) != sizeof(slot[i]))
				abort();
			if (!slot[i].id)
				turns_stop(&turns);
			turn = turns_filled(&turns, me, i,
					    slot[i].id ? slot[i].ask : (struct ask){ 0 });
			if (turn == TURN_OVER) {
				refused[slot[i].ask.owner % OWNERS]++;
				turns_done(&turns, me, i);
			}
			if (turn != TURN_MINE)
				continue;
		}
		answer(&slot[i]);
		turns_done(&turns, me, i);
	}
	return NULL;
}

static void start(const struct ask left[TURN_SLOTS])
{
	ck_assert_int_eq(pipe(kernel), 0);
	for (int i = 0; i < OWNERS; i++)
		pthread_mutex_init(&owners[i], NULL);
	turns_init(&turns, left, waits, move, NULL);
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

static unsigned all_refused(void)
{
	unsigned n = 0;

	for (int i = 0; i < OWNERS; i++)
		n += refused[i];
	return n;
}

static void wait_for(unsigned n)
{
	while (all_answered() + all_refused() < n)
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

static const struct ask none[TURN_SLOTS];

START_TEST(every_request_is_answered_once)
{
	struct chance by = { 5 };

	start(none);
	for (unsigned i = 1; i <= ASKED; i++) {
		uint64_t n = chance_below(&by, 12);

		ask_so((struct ask){ .owner = n < 4    ? 1
					      : n < 8  ? 2 + n % 2
					      : n == 9 ? OWNER_NONE
						       : 4,
				     .alone = n == 0 || n == 4 || n == 8,
				     .small = i % 20 },
		       i, (uint32_t)chance_below(&by, 200));
	}
	wait_for(ASKED);
	end();
	for (unsigned i = 1; i <= ASKED; i++)
		ck_assert_uint_eq(answers[i], 1);
	for (unsigned i = 1; i < 5; i++)
		ck_assert_uint_le(most_at_once[i], TURNS_EACH);
	ck_assert_uint_eq(most_at_once[SUSPECTS], 1);
	ck_assert_uint_ge(most_at_once[1], 2);
}
END_TEST

/* As with 64 readers in one container: who is answered asks again, at once. */
static _Atomic bool over;
static _Atomic unsigned then; /* how many were answered when the quiet one was */

static void ask_again(const struct request *a)
{
	if (a->ask.owner < 11 && !over)
		ask(a->ask.owner, a->id, a->us);
	if (a->ask.owner == 11) /* here, not when we ourselves run again and see it */
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
	static struct ask left[TURN_SLOTS];
	unsigned n = (TURN_SLOTS + (unsigned)_i - 1) / (unsigned)_i;

	for (unsigned i = 0; i < TURN_SLOTS; i += (unsigned)_i) {
		left[i] = (struct ask){ .owner = 1 + i % 2, .alone = i % 3 == 0, .small = true };
		slot[i] = (struct request){ left[i], 1 + i, i % 64 ? 0 : 50 };
	}
	start(left);
	wait_for(n);
	ask(2, TURN_SLOTS + 1, 0);
	wait_for(n + 1);
	end();
	ck_assert_uint_eq(all_refused(), 0);
	for (unsigned i = 0; i < TURN_SLOTS; i++)
		ck_assert_uint_eq(answers[i + 1], i % (unsigned)_i == 0);
}
END_TEST

static _Atomic bool held;

static void hold(const struct request *a)
{
	while (held && a->ask.owner < 11)
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

/* Of some containers nothing is answered, and they ask as much as there are slots, each. */
static void crowd(unsigned containers)
{
	held = true;
	on_answer = hold;
	start(none);
	for (unsigned i = 1; i <= TURN_SLOTS; i++)
		for (unsigned k = 0; k < containers; k++)
			ask_so((struct ask){ .owner = 1 + k, .small = i % 40 }, i, 0);
}

START_TEST(a_container_has_its_share_of_the_slots_and_others_are_heard)
{
	unsigned n = 1 + (unsigned)_i * 2;

	crowd(n);
	for (unsigned i = 0; i < 200; i++) {
		unsigned before = answered[11];

		ask_so((struct ask){ .owner = 11, .small = i % 2 }, TURN_SLOTS + 1 + i, 0);
		while (answered[11] == before)
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	}
	ck_assert_uint_eq(refused[11], 0);
	for (unsigned k = 1; k <= n; k++) {
		/* What threads have read and not yet refused is soon. */
		while (TURN_SLOTS - refused[k] > SHARE_SMALL + SHARE_LARGE + TURNS_EACH)
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
		ck_assert_uint_ge(TURN_SLOTS - refused[k], TURN_SMALL / (n + 1) / 2);
	}
	held = false;
	wait_for(n * TURN_SLOTS + 200);
	end();
	for (unsigned k = 1; k <= n; k++)
		ck_assert_uint_eq(answered[k] + refused[k], TURN_SLOTS);
}
END_TEST

START_TEST(what_cannot_be_refused_is_not)
{
	crowd(1);
	for (unsigned i = 1; i <= 64; i++)
		ask_so((struct ask){ .owner = 1, .small = true, .must = true }, TURN_SLOTS + i, 0);
	ask(11, TURN_SLOTS + 100, 0);
	wait_for(refused[1] + 1);
	while (!answered[11])
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	held = false;
	wait_for(TURN_SLOTS + 65);
	end();
	for (unsigned i = 1; i <= 64; i++)
		ck_assert_uint_eq(answers[TURN_SLOTS + i], 1);
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
	tcase_add_loop_test(t, a_container_has_its_share_of_the_slots_and_others_are_heard, 0, 3);
	tcase_add_test(t, what_cannot_be_refused_is_not);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
