// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sets of CPUs: the kernel's list and mask forms, read and written.
 */
#include "tests/fixture.h"

static void add(struct cgv_cpuset *s, unsigned from, unsigned to)
{
	for (; from <= to; from++)
		cgv_cpuset_add(s, from);
}

/* As out_cpulist() writes it. */
static const char *list_of(const struct cgv_cpuset *s, char *buf, size_t size)
{
	struct out o = { buf, size, 0, false };

	*buf = '\0';
	out_cpulist(&o, s);
	ck_assert(!o.full);
	return buf;
}

static const struct {
	const char *text, *list; /* NULL: not such a text */
} lists[] = {
	{ "0", "0" },
	{ "0-3,8\n", "0-3,8" },
	{ "0-3,4,5-7", "0-7" },
	{ "8,0", "0,8" },
	{ "3-3", "3" },
	{ "0,0,0", "0" },
	{ "8191", "8191" },
	{ "0-8191", "0-8191" },
	{ "62-65", "62-65" },
	{ "\n", "" },
	{ "", "" },
	{ "8192", NULL },
	{ "0-8192", NULL },
	{ "3-1", NULL },
	{ "-1", NULL },
	{ "1-", NULL },
	{ "1-2-3", NULL },
	{ "1--2", NULL },
	{ "-", NULL },
	{ ",", NULL },
	{ ",1", NULL },
	{ "1,", NULL },
	{ "1,,2", NULL },
	{ "1 2", NULL },
	{ " 1", NULL },
	{ "1 ", NULL },
	{ "1, 2", NULL },
	{ "1- 2", NULL },
	{ "0x1", NULL },
	{ "all", NULL },
	{ "(null)", NULL },
	{ "0-3:1/2", NULL },
	{ "18446744073709551616", NULL },
	{ "0-18446744073709551615", NULL },
	{ "4294967296", NULL },
};

START_TEST(reads_a_list_and_writes_it_again)
{
	struct cgv_cpuset s = { { 5 } };
	int r = cgv_cpuset_list(span_of(lists[_i].text), &s);
	char buf[256];

	ck_assert_msg(r == (lists[_i].list ? 0 : -EBADMSG), "\"%s\" is %d", lists[_i].text, r);
	ck_assert_str_eq(list_of(&s, buf, sizeof(buf)), r ? "0,2" : lists[_i].list);
}
END_TEST

START_TEST(a_nul_is_no_part_of_a_list)
{
	static const char text[] = "0-3\0,8";
	struct cgv_cpuset s;

	ck_assert_int_eq(cgv_cpuset_list((struct span){ text, text + sizeof(text) - 1 }, &s),
			 -EBADMSG);
}
END_TEST

static const struct {
	const char *text, *list;
} masks[] = {
	{ "1", "0" },
	{ "f\n", "0-3" },
	{ "0f", "0-3" },
	{ "0", "" },
	{ "ff,00000000", "32-39" },
	{ "80000000,00000001", "0,63" },
	{ "00000001,00000000,00000000", "64" },
	{ "FF", "0-7" },
	{ "", NULL },
	{ "\n", NULL },
	{ ",", NULL },
	{ "1,", NULL },
	{ ",1", NULL },
	{ "1,,1", NULL },
	{ "100000000", NULL }, /* more than 32 bits in a group */
	{ "0x1", NULL },
	{ "1 2", NULL },
	{ " 1", NULL },
	{ "1, 2", NULL },
	{ "g", NULL },
	{ "-1", NULL },
};

START_TEST(reads_a_mask)
{
	struct cgv_cpuset s = { { 5 } };
	int r = cgv_cpuset_mask(span_of(masks[_i].text), &s);
	char buf[256];

	ck_assert_msg(r == (masks[_i].list ? 0 : -EBADMSG), "\"%s\" is %d", masks[_i].text, r);
	ck_assert_str_eq(list_of(&s, buf, sizeof(buf)), r ? "0,2" : masks[_i].list);
}
END_TEST

/* A kernel for 8192 CPUs writes 256 groups; one more is none of its texts. */
START_TEST(a_mask_has_at_most_as_many_groups_as_there_are_cpus)
{
	char text[257 * 9 + 1] = "", buf[64];
	struct cgv_cpuset s;

	for (int i = 0; i < 256; i++)
		strcat(text, i ? ",00000000" : "80000000");
	ck_assert_int_eq(cgv_cpuset_mask(span_of(text), &s), 0);
	ck_assert_str_eq(list_of(&s, buf, sizeof(buf)), "8191");
	strcat(text, ",00000000");
	ck_assert_int_eq(cgv_cpuset_mask(span_of(text), &s), -EBADMSG);
}
END_TEST

static const struct {
	const char *list;
	unsigned groups, width;
	const char *mask;
} written[] = {
	{ "0-3", 1, 1, "f" },
	{ "0-3", 1, 2, "0f" },
	{ "", 1, 8, "00000000" },
	{ "", 2, 2, "00,00000000" },
	{ "0,63", 2, 8, "80000000,00000001" },
	{ "32-39", 2, 2, "ff,00000000" },
};

START_TEST(writes_a_mask_as_wide_as_the_host)
{
	struct cgv_cpuset s;
	char buf[64];
	struct out o = { buf, sizeof(buf), 0, false };

	ck_assert_int_eq(cgv_cpuset_list(span_of(written[_i].list), &s), 0);
	out_cpumask(&o, &s, written[_i].groups, written[_i].width);
	ck_assert(!o.full);
	ck_assert_str_eq(buf, written[_i].mask);
}
END_TEST

static struct cgv_cpuset by_chance(struct chance *c, unsigned cpus)
{
	struct cgv_cpuset s = { { 0 } };

	for (uint64_t n = chance_below(c, 12); n--;) {
		unsigned from = (unsigned)chance_below(c, cpus);

		add(&s, from, MIN(from + (unsigned)chance_below(c, 40), cpus - 1));
	}
	return s;
}

START_TEST(any_set_is_the_same_after_writing_and_reading)
{
	struct chance chance = { 3 };
	char *buf = malloc(65536);

	for (int i = 0; i < 2000; i++) {
		struct cgv_cpuset s = by_chance(&chance, CGV_MAX_CPUS), back = { { 0 } };
		struct out o = { buf, 65536, 0, false };

		list_of(&s, buf, 65536);
		ck_assert_int_eq(cgv_cpuset_list(span_of(buf), &back), 0);
		ck_assert_mem_eq(&s, &back, sizeof(s));
		out_cpumask(&o, &s, CGV_MAX_CPUS / 32, 8);
		ck_assert_int_eq(cgv_cpuset_mask(span_of(buf), &back), 0);
		ck_assert_mem_eq(&s, &back, sizeof(s));
	}
	free(buf);
}
END_TEST

START_TEST(counting_and_cutting_agree_with_looking_at_each)
{
	struct chance chance = { 4 };

	for (int i = 0; i < 1000; i++) {
		struct cgv_cpuset s = by_chance(&chance, 300), with = by_chance(&chance, 300);
		struct cgv_cpuset both = s, first = s;
		unsigned n = (unsigned)chance_below(&chance, 100), count = 0, next = CGV_MAX_CPUS;
		unsigned from = (unsigned)chance_below(&chance, 400);

		cgv_cpuset_and(&both, &with);
		cgv_cpuset_first(&first, n);
		for (unsigned cpu = 0; cpu < 400; cpu++) {
			ck_assert_int_eq(cgv_cpuset_has(&both, cpu),
					 cgv_cpuset_has(&s, cpu) && cgv_cpuset_has(&with, cpu));
			ck_assert_int_eq(cgv_cpuset_has(&first, cpu),
					 cgv_cpuset_has(&s, cpu) && count < n);
			count += cgv_cpuset_has(&s, cpu);
			if (next == CGV_MAX_CPUS && cpu >= from && cgv_cpuset_has(&s, cpu))
				next = cpu;
		}
		ck_assert_uint_eq(cgv_cpuset_count(&s), count);
		ck_assert_uint_eq(cgv_cpuset_next(&s, from), next);
	}
}
END_TEST

START_TEST(no_cpu_is_beyond_the_last)
{
	struct cgv_cpuset s = { { 0 } };

	add(&s, 0, CGV_MAX_CPUS - 1);
	ck_assert_uint_eq(cgv_cpuset_count(&s), CGV_MAX_CPUS);
	ck_assert(!cgv_cpuset_has(&s, CGV_MAX_CPUS) && !cgv_cpuset_has(&s, UINT32_MAX));
	ck_assert_uint_eq(cgv_cpuset_next(&s, CGV_MAX_CPUS - 1), CGV_MAX_CPUS - 1);
	ck_assert_uint_eq(cgv_cpuset_next(&s, CGV_MAX_CPUS), CGV_MAX_CPUS);
	ck_assert_uint_eq(cgv_cpuset_next(&s, UINT32_MAX), CGV_MAX_CPUS);
	cgv_cpuset_first(&s, UINT32_MAX);
	ck_assert_uint_eq(cgv_cpuset_count(&s), CGV_MAX_CPUS);
	cgv_cpuset_first(&s, 0);
	ck_assert_uint_eq(cgv_cpuset_count(&s), 0);
}
END_TEST

/* A text that does not fit is told once, at the end, and nothing is written behind. */
START_TEST(a_number_is_written_as_printf_writes_it)
{
	static const uint64_t numbers[] = {
		0, 7, 10, 99999999, 100000000, 34359738367, UINT64_MAX
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		for (int width = 0; width <= 22; width += 2) {
			char want[64], buf[64];
			struct out o = { buf, sizeof(buf), 0, false };
			struct out small = { buf + 32, 2, 0, false };

			snprintf(want, sizeof(want), "%*llu", width,
				 (unsigned long long)numbers[i]);
			out_number(&o, numbers[i], (size_t)width);
			ck_assert_str_eq(buf, want);
			ck_assert_uint_eq(o.len, strlen(want));
			out_number(&small, numbers[i], (size_t)width);
			ck_assert_int_eq(small.full, strlen(want) > 1);
		}
}
END_TEST

START_TEST(what_is_written_often_fits_or_is_told)
{
	char buf[8] = "#######";
	struct out o = { buf, 7, 0, false };

	out_times(&o, span_of(" 0"), 3);
	ck_assert_str_eq(buf, " 0 0 0");
	ck_assert(!o.full);
	out_times(&o, span_of("0"), 1);
	ck_assert(o.full);
	ck_assert_str_eq(buf, " 0 0 0");
}
END_TEST

START_TEST(a_list_that_does_not_fit_is_told)
{
	char buf[5] = "####";
	struct out o = { buf, 4, 0, false };
	struct cgv_cpuset s;

	ck_assert_int_eq(cgv_cpuset_list(span_of("1,3,5,7"), &s), 0);
	out_cpulist(&o, &s);
	ck_assert(o.full);
	ck_assert_int_eq(buf[4], '\0');
	ck_assert_uint_lt(o.len, 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cpuset");
	TCase *t = tcase_create("forms");

	tcase_add_loop_test(t, reads_a_list_and_writes_it_again, 0, ARRAY_LEN(lists));
	tcase_add_test(t, a_nul_is_no_part_of_a_list);
	tcase_add_loop_test(t, reads_a_mask, 0, ARRAY_LEN(masks));
	tcase_add_test(t, a_mask_has_at_most_as_many_groups_as_there_are_cpus);
	tcase_add_loop_test(t, writes_a_mask_as_wide_as_the_host, 0, ARRAY_LEN(written));
	tcase_add_test(t, any_set_is_the_same_after_writing_and_reading);
	tcase_add_test(t, counting_and_cutting_agree_with_looking_at_each);
	tcase_add_test(t, no_cpu_is_beyond_the_last);
	tcase_add_test(t, a_number_is_written_as_printf_writes_it);
	tcase_add_test(t, what_is_written_often_fits_or_is_told);
	tcase_add_test(t, a_list_that_does_not_fit_is_told);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
