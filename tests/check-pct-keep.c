// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which of a row of snapshots or backups stay, by the rules that were asked for.
 */
#include "base/base.h"
#include "pct/conf/keep.h"
#include "tests/fixture.h"

#define HOUR 3600
#define DAY  (24 * HOUR)

/* 2026-11-22 (a Sunday) 12:00 UTC, and before it. */
static const time_t noon = 1795348800;

static const struct {
	const char *rules;
	long step; /* between two of them */
	const char *stays;
} cases[] = {
	{ "last=3", HOUR, "yyynnnnnnn" },
	{ "keep-last=3", HOUR, "yyynnnnnnn" },
	{ "keep-all=1", HOUR, "yyyyyyyyyy" },
	{ "last=0", HOUR, "yyyyyyyyyy" },
	{ "hourly=2", HOUR / 4, "yynnnnnnnn" },
	{ "daily=3", 6 * HOUR, "ynnynnnynn" },
	{ "last=1,daily=2", 6 * HOUR, "ynnynnnynn" },
	{ "last=2,daily=1", DAY, "yyynnnnnnn" },
	{ "weekly=2", DAY, "ynnnnnnynn" },
	{ "monthly=2", 15 * DAY, "ynynnnnnnn" },
	{ "yearly=9", 100 * DAY, "ynnnynnynn" },
};

START_TEST(stays_as_the_rules_say)
{
	bool stays[10];
	time_t when[10];
	struct keep k;

	ck_assert_int_eq(keep_parse(cases[_i].rules, &k), 0);
	for (int i = 0; i < 10; i++)
		when[i] = noon - i * cases[_i].step;
	keep_select(&k, when, 10, stays);
	for (int i = 0; i < 10; i++)
		ck_assert_msg(stays[i] == (cases[_i].stays[i] == 'y'), "%s: number %d: %s",
			      cases[_i].rules, i, stays[i] ? "stays" : "goes");
}
END_TEST

static const char *const wrong[] = {
	"",	   "last",    "last=",	 "last=-1", "last=1,",	      "often=1",
	"last=1 ", "last=1x", "keep-=1", "=1",	    "last=999999999",
};

START_TEST(what_is_no_rule_is_refused)
{
	struct keep k;

	ck_assert_int_eq(keep_parse(wrong[_i], &k), -EINVAL);
	ck_assert_ptr_nonnull(form_keep(wrong[_i]));
}
END_TEST

static const struct {
	const char *schedule;
	long ago; /* when it was last done; 0: never */
	bool due;
} schedules[] = {
	{ "hourly", 0, true },
	{ "hourly", 1, true },
	{ "hourly", HOUR, true },
	{ "daily", HOUR, false },
	{ "daily", 12 * HOUR, false },
	{ "daily", 13 * HOUR, true },
	{ "weekly", 6 * DAY, false },
	{ "weekly", 7 * DAY, true },
	{ "monthly", DAY, false },
	{ "monthly", 22 * DAY, true },
	{ "yearly", 40 * DAY, false },
	{ "15m", 60, true },
	{ "6h", 5, true },
	{ "5h", 60, false },
	{ "2d", 3 * DAY, true },
	{ "daily", -DAY, true },
	{ "never", 0, false },
	{ "0m", 0, false },
	{ "5", 0, false },
	{ "5mm", 0, false },
	{ "-5m", 0, false },
};

START_TEST(schedule_is_due_once_a_period)
{
	const char *text = schedules[_i].schedule;
	time_t last = schedules[_i].ago ? noon - schedules[_i].ago : 0;

	ck_assert_msg(schedule_due(text, last, noon) == schedules[_i].due, "%s, %ld s ago", text,
		      schedules[_i].ago);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("keep");
	TCase *t = tcase_create("rules");

	SRunner *runner;
	int failed;

	setenv("TZ", "UTC", 1);
	tcase_add_loop_test(t, stays_as_the_rules_say, 0, ARRAY_LEN(cases));
	tcase_add_loop_test(t, what_is_no_rule_is_refused, 0, ARRAY_LEN(wrong));
	tcase_add_loop_test(t, schedule_is_due_once_a_period, 0, ARRAY_LEN(schedules));
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
