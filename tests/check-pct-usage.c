// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What `pct status --verbose` says is used: the texts it comes from.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "pct/ct/usage.h"

static const struct {
	const char *text;
	int answer;
	uint64_t bytes;
} sizes[] = {
	{ "8G", 0, 8ull << 30 },
	{ "512M", 0, 512ull << 20 },
	{ "1.5T", 0, 3ull << 39 },
	{ "4K", 0, 4096 },
	{ "0T", 0, 0 },
	{ "7", 0, 7 },
	{ "", -EINVAL, 0 },
	{ "G", -EINVAL, 0 },
	{ "8g", -EINVAL, 0 },
	{ "8GB", -EINVAL, 0 },
	{ "8 G", -EINVAL, 0 },
	{ "-1G", -EINVAL, 0 },
	{ "1.G", -EINVAL, 0 },
	{ "9999999999999T", -EINVAL, 0 },
	{ "99999999T", -EINVAL, 0 },
};

START_TEST(reads_a_size_or_says_no)
{
	uint64_t bytes = 1;

	ck_assert_int_eq(usage_size(sizes[_i].text, &bytes), sizes[_i].answer);
	ck_assert_uint_eq(bytes, sizes[_i].answer ? 1 : sizes[_i].bytes);
}
END_TEST

static const struct {
	const char *text;
	bool known;
	unsigned some, full;
} stalls[] = {
	{ "some avg10=1.23 avg60=0.00 avg300=0.00 total=9\n"
	  "full avg10=0.07 avg60=0.00 avg300=0.00 total=9\n",
	  true, 123, 7 },
	{ "some avg10=100.00 avg60=1.00 avg300=0.00 total=9\n", true, 10000, 0 },
	{ "full avg10=0.07 avg60=0.00 avg300=0.00 total=9\n", false, 0, 0 },
	{ "some avg60=1.00\n", false, 0, 0 },
	{ "some avg10=101.00 avg60=1.00\n", false, 0, 0 },
	{ "some avg10=x avg60=1.00\n", false, 0, 0 },
	{ "", false, 0, 0 },
};

START_TEST(reads_a_pressure_or_none)
{
	struct stall s = { 0 };

	ck_assert_int_eq(usage_stall(stalls[_i].text, &s), stalls[_i].known);
	ck_assert_int_eq(s.known, stalls[_i].known);
	ck_assert_uint_eq(s.some, stalls[_i].some);
	ck_assert_uint_eq(s.full, stalls[_i].full);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct usage");
	TCase *t = tcase_create("usage");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, reads_a_size_or_says_no, 0, ARRAY_LEN(sizes));
	tcase_add_loop_test(t, reads_a_pressure_or_none, 0, ARRAY_LEN(stalls));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
