// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sizes as people write them, and the bar that long work has.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "pct/cli/progress.h"
#include "pct/cli/size.h"

static const struct {
	uint64_t bytes;
	const char *shorter, *exact;
} sizes[] = {
	{ 0, "0", "0T" },
	{ 1, "1", "1" },
	{ 1000, "1000", "1000" },
	{ 1024, "1.0K", "1K" },
	{ 1536, "1.5K", "1536" },
	{ 8ull << 30, "8.0G", "8G" },
	{ 8704ull << 20, "8.5G", "8704M" },
	{ 1ull << 40, "1.0T", "1T" },
	{ 1ull << 50, "1024.0T", "1024T" },
	{ UINT64_MAX, "16777216.0T", "18446744073709551615" },
};

START_TEST(a_size_is_written_short_and_exactly)
{
	char text[SIZE_TEXT];

	size_short(sizes[_i].bytes, text);
	ck_assert_str_eq(text, sizes[_i].shorter);
	size_exact(sizes[_i].bytes, text);
	ck_assert_str_eq(text, sizes[_i].exact);
}
END_TEST

static const struct {
	const char *text;
	int answer;
	bool more;
	uint64_t bytes;
} wanted[] = {
	{ "8G", 0, false, 8ull << 30 },	    { "+8G", 0, true, 8ull << 30 },
	{ "+512M", 0, true, 512ull << 20 }, { "1.5G", 0, false, 3ull << 29 },
	{ "4096", 0, false, 4096 },	    { "", -EINVAL, false, 0 },
	{ "+", -EINVAL, false, 0 },	    { "++1G", -EINVAL, false, 0 },
	{ "-1G", -EINVAL, false, 0 },	    { "1Z", -EINVAL, false, 0 },
};

START_TEST(a_size_is_asked_for_or_so_much_more)
{
	bool more = false;
	uint64_t bytes = 0;

	ck_assert_int_eq(size_wanted(wanted[_i].text, &more, &bytes), wanted[_i].answer);
	ck_assert_int_eq(more, wanted[_i].more);
	ck_assert_uint_eq(bytes, wanted[_i].bytes);
}
END_TEST

#define S 1000000000ull
#define M (1ull << 20)

static const struct {
	const char *unit;
	uint64_t done, total, now;
	unsigned width;
	const char *line;
} lines[] = {
	{ "bytes", 0, 100 * M, 0, 60,
	  "copy  [------------------------------------]    0%  0/100.0M" },
	{ "bytes", 50 * M, 100 * M, 2 * S, 60,
	  "copy  [########---------]   50%  50.0M/100.0M  25.0M/s  0:02" },
	{ "bytes", 100 * M, 100 * M, 2 * S, 60,
	  "copy  [################]  100%  100.0M/100.0M  50.0M/s  0:00" },
	/* More came than was thought. */
	{ "bytes", 200 * M, 100 * M, 2 * S, 50, "copy  100%  100.0M/100.0M  100.0M/s  0:00" },
	{ "bytes", 50 * M, 100 * M, 2 * S, 20, "copy   50%  50.0M/10" },
	{ "bytes", 50 * M, 0, 2 * S, 60, "copy  50.0M  25.0M/s  0:02" },
	{ "files", 7200, 0, 3601 * S, 60, "copy  7200  1/s  1:00:01" },
};

START_TEST(a_bar_fits_its_line)
{
	struct progress p = { .work = "copy",
			      .unit = lines[_i].unit,
			      .done = lines[_i].done,
			      .total = lines[_i].total };
	auto_free char *line = progress_line(&p, lines[_i].now, lines[_i].width);

	ck_assert_str_eq(line, lines[_i].line);
	ck_assert_uint_le(strlen(line), lines[_i].width);
}
END_TEST

START_TEST(without_a_terminal_nothing_happens)
{
	struct progress p = { .unit = "bytes" };

	progress_begin(&p, 10, "a %s", "b\033");
	ck_assert_str_eq(p.work, "a b?");
	progress_add(&p, 4);
	progress_add(NULL, 4);
	ck_assert_int_eq(progress_end(&p, -EIO), -EIO);
	ck_assert_int_eq(progress_end(NULL, 0), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("progress");
	TCase *t = tcase_create("progress");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_size_is_written_short_and_exactly, 0, ARRAY_LEN(sizes));
	tcase_add_loop_test(t, a_size_is_asked_for_or_so_much_more, 0, ARRAY_LEN(wanted));
	tcase_add_loop_test(t, a_bar_fits_its_line, 0, ARRAY_LEN(lines));
	tcase_add_test(t, without_a_terminal_nothing_happens);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
