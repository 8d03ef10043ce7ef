// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * In which order all start and stop, and what is said of a start that failed.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "pct/ct/log.h"
#include "pct/ct/order.h"

/* VMIDs from 100 on have these values of startup; what goes together is in one pair of []. */
static const struct {
	const char *startup[6];
	const char *up, *down;
} cases[] = {
	{ { "" }, "[100]", "[100]" },
	{ { "", "", "" }, "[100 101 102]", "[102 101 100]" },
	{ { "order=2", "1", "2", "" }, "[101][100 102][103]", "[103][102 100][101]" },
	{ { "order=1,up=5", "order=1", "order=2" }, "[100][101][102]", "[102][101 100]" },
	{ { "up=5", "", "up=5", "" }, "[100][101 102][103]", "[103 102 101 100]" },
	{ { "order=0", "order=1000000", "" }, "[100][101][102]", "[102][101][100]" },
	{ { "nonsense=7", "order=x", "order=1" }, "[102][100 101]", "[101 100][102]" },
};

static void told(const char *const *startup, bool reverse, char *out, size_t size)
{
	struct turn turns[6];
	size_t n = 0, used = 0;

	for (; n < 6 && startup[n]; n++) {
		struct config c = { 0 };

		ck_assert_int_eq(config_init(&c), 0);
		if (*startup[n])
			ck_assert_int_eq(config_set(&c, "startup", startup[n]), 0);
		order_read(100 + (unsigned)n, &c, 180, &turns[n]);
		config_free(&c);
	}
	order_sort(turns, n, reverse);
	for (size_t i = 0; i < n;) {
		size_t some = order_together(turns + i, n - i, reverse);

		ck_assert_uint_gt(some, 0);
		for (size_t k = 0; k < some; k++)
			used += (size_t)snprintf(out + used, size - used, "%s%u%s", k ? " " : "[",
						 turns[i + k].vmid, k + 1 < some ? "" : "]");
		i += some;
	}
}

START_TEST(those_of_one_order_go_together_unless_others_wait_for_one)
{
	char text[128];

	told(cases[_i].startup, false, text, sizeof(text));
	ck_assert_str_eq(text, cases[_i].up);
	told(cases[_i].startup, true, text, sizeof(text));
	ck_assert_str_eq(text, cases[_i].down);
}
END_TEST

START_TEST(times_are_those_given_else_the_caller_s)
{
	CLEANUP(config_free) struct config c = { 0 };
	struct turn t;

	ck_assert_int_eq(config_init(&c), 0);
	order_read(100, &c, 180, &t);
	ck_assert_uint_eq(t.down, 180);
	ck_assert_uint_eq(t.up, 0);
	ck_assert_uint_eq(t.order, ORDER_LAST);
	ck_assert_int_eq(config_set(&c, "startup", "order=3,up=7,down=0"), 0);
	order_read(100, &c, 180, &t);
	ck_assert_uint_eq(t.down, 0);
	ck_assert_uint_eq(t.up, 7);
	ck_assert_uint_eq(t.order, 3);
}
END_TEST

#define LINE(level, text)                                                                          \
	"lxc 100 20260101000000.000 " level "    start - ../src/lxc/start.c:f:1 - " text "\n"

static const struct {
	const char *log, *advice; /* a part of it; NULL: none */
} failures[] = {
	{ "", NULL },
	{ LINE("ERROR", "Something nobody knows"), NULL },
	{ LINE("DEBUG", "No space left on device - x"), NULL },
	{ LINE("ERROR", "No such file or directory - Failed to exec \"/sbin/init\""),
	  "entrypoint" },
	{ LINE("ERROR", "Exec format error - Failed to exec \"/sbin/init\""), "architecture" },
	{ LINE("ERROR", "Something else") LINE("ERROR", "newuidmap failed to write mapping \"x\""),
	  "/etc/subuid" },
	{ LINE("ERROR", "Failed to mount \"/a\" on \"/b\"")
	      LINE("ERROR", "No space left on device - x"),
	  "df" },
};

START_TEST(known_causes_come_with_what_to_do)
{
	const char *advice = ct_log_advice(failures[_i].log);

	if (!failures[_i].advice) {
		ck_assert_ptr_null(advice);
		return;
	}
	ck_assert_ptr_nonnull(advice);
	ck_assert_ptr_nonnull(strstr(advice, failures[_i].advice));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("order");
	TCase *t = tcase_create("order");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(t, those_of_one_order_go_together_unless_others_wait_for_one, 0,
			    ARRAY_LEN(cases));
	tcase_add_test(t, times_are_those_given_else_the_caller_s);
	tcase_add_loop_test(t, known_causes_come_with_what_to_do, 0, ARRAY_LEN(failures));
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
