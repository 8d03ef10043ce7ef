// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Windows on text: what is taken, what is left, and that a failed take moves nothing.
 */
#include "tests/fixture.h"

#define BIG "18446744073709551615"

static const struct {
	const char *text;
	bool ok;
	uint64_t value;
	const char *rest;
} decimal[] = {
	{ "0", true, 0, "" },
	{ " 42\n", true, 42, "\n" },
	{ "\t7 8", true, 7, " 8" },
	{ "007", true, 7, "" },
	{ BIG, true, UINT64_MAX, "" },
	{ "18446744073709551616", false, 0, NULL }, /* one more than fits */
	{ "99999999999999999999999999", false, 0, NULL },
	{ "18446744073709551620", false, 0, NULL }, /* overflows by its last digit */
	{ "00000000000000000000000000000001", true, 1, "" },
	{ "max", false, 0, NULL },
	{ "-1", false, 0, NULL },
	{ "+1", false, 0, NULL },
	{ "1.5", false, 0, NULL },
	{ "12a", false, 0, NULL },
	{ "a", false, 0, NULL },
	{ "0x10", false, 0, NULL },
	{ "1,2", false, 0, NULL },
	{ "\n5", false, 0, NULL }, /* not beyond the end of a line */
	{ "5\r\n", false, 0, NULL },
	{ "\xc2\xa0"
	  "5",
	  false, 0, NULL },
	{ " ", false, 0, NULL },
	{ "", false, 0, NULL },
}, hexadecimal[] = {
	{ "0", true, 0, "" },
	{ "ff", true, 255, "" },
	{ " FfFf z", true, 0xffff, " z" },
	{ "ffffffffffffffff", true, UINT64_MAX, "" },
	{ "10000000000000000", false, 0, NULL },
	{ "0x1", false, 0, NULL },
	{ "fg", false, 0, NULL },
	{ "-f", false, 0, NULL },
	{ "", false, 0, NULL },
};

static void check_number(bool ok, bool wanted, const char *text, struct span left, uint64_t got,
			 uint64_t value, const char *rest)
{
	ck_assert_msg(ok == wanted, "\"%s\" %s taken", text, ok ? "was" : "was not");
	ck_assert_uint_eq(got, wanted ? value : 77);
	if (wanted)
		ck_assert_msg(span_is(left, rest), "of \"%s\" another rest is left", text);
	else
		ck_assert_ptr_eq(left.p, text);
}

START_TEST(takes_a_number_or_moves_nothing)
{
	struct span s = span_of(decimal[_i].text);
	uint64_t v = 77;
	bool ok = span_u64(&s, &v);

	check_number(ok, decimal[_i].ok, decimal[_i].text, s, v, decimal[_i].value,
		     decimal[_i].rest);
}
END_TEST

START_TEST(takes_a_hexadecimal_number_or_moves_nothing)
{
	struct span s = span_of(hexadecimal[_i].text);
	uint64_t v = 77;
	bool ok = span_hex(&s, &v);

	check_number(ok, hexadecimal[_i].ok, hexadecimal[_i].text, s, v, hexadecimal[_i].value,
		     hexadecimal[_i].rest);
}
END_TEST

/* Nothing behind the window is looked at: what follows there is poison in an ASan build. */
START_TEST(stays_within_its_window)
{
	char *exact = malloc(3);
	struct span s, part;
	uint64_t v = 0;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, "123", 3);
	s = (struct span){ exact, exact + 3 };
	ck_assert(span_u64(&s, &v));
	ck_assert_uint_eq(v, 123);
	s = (struct span){ exact, exact + 2 };
	ck_assert(span_u64(&s, &v));
	ck_assert_uint_eq(v, 12);
	s = (struct span){ exact, exact + 3 };
	ck_assert(!span_starts(s, "1234") && !span_is(s, "1234") && span_starts(s, "12"));
	ck_assert(span_line(&s, &part) && span_len(part) == 3);
	ck_assert(!span_line(&s, &part) && !span_word(&s, &part) && !span_until(&s, ',', &part));
	free(exact);
}
END_TEST

/* What span_line, span_word and span_until make of a text: parts with '|' behind each. */
static const struct {
	const char *text, *lines, *words, *commas;
} parts[] = {
	{ "", "", "", "" },
	{ "a", "a|", "a|", "a|" },
	{ "a\n", "a|", "a|", "a\n|" },
	{ "a b", "a b|", "a|b|", "a b|" },
	{ "\n", "|", "", "\n|" },
	{ "\n\na", "||a|", "", "\n\na|" }, /* a word is in its line */
	{ " \t a\t b ", " \t a\t b |", "a|b|", " \t a\t b |" },
	{ "a,,b,", "a,,b,|", "a,,b,|", "a||b|" },
	{ ",", ",|", ",|", "|" },
};

static void join(char *into, struct span part)
{
	sprintf(into + strlen(into), "%.*s|", (int)span_len(part), part.p);
}

START_TEST(cuts_lines_words_and_parts)
{
	struct span s, part;
	char got[64];

	s = span_of(parts[_i].text);
	for (got[0] = '\0'; span_line(&s, &part);)
		join(got, part);
	ck_assert_str_eq(got, parts[_i].lines);
	s = span_of(parts[_i].text);
	for (got[0] = '\0'; span_word(&s, &part);)
		join(got, part);
	ck_assert_str_eq(got, parts[_i].words);
	s = span_of(parts[_i].text);
	for (got[0] = '\0'; span_until(&s, ',', &part);)
		join(got, part);
	ck_assert_str_eq(got, parts[_i].commas);
}
END_TEST

START_TEST(a_nul_is_a_character_as_any_other)
{
	static const char text[] = "1\0002 x\0y\nz";
	struct span s = { text, text + sizeof(text) - 1 }, part;
	uint64_t v;

	ck_assert(!span_u64(&s, &v));
	ck_assert(span_word(&s, &part));
	ck_assert_uint_eq(span_len(part), 3);
	ck_assert(!span_is(part, "1"));
	ck_assert(span_line(&s, &part));
	ck_assert_uint_eq(span_len(part), 4);
}
END_TEST

/* "key value" lines: into a, b, c, which stand at 1, 2, 3 before; how many were there. */
static const struct {
	const char *text;
	size_t found;
	uint64_t a, b, c;
} lines[] = {
	{ "a 5\nb 6\ncc 7\n", 3, 5, 6, 7 },
	{ "cc 7\nb 6\na 5", 3, 5, 6, 7 },
	{ "a: 5 kB\nb:6\ncc:\t7", 2, 5, 2, 7 },
	{ "aa 5\nA 5\ncc_x 7\nc 7\n", 0, 1, 2, 3 }, /* keys are matched whole */
	{ "a\nb \ncc 7\n", 1, 1, 2, 7 },
	{ "a -5\nb 6x\ncc 18446744073709551616\n", 0, 1, 2, 3 },
	{ "a\n5\n", 0, 1, 2, 3 }, /* a value is in its key's line */
	{ "\n\n  a   5  \n", 1, 5, 2, 3 },
	{ "a:: 5\n: 6\n:\n", 0, 1, 2, 3 },
	{ "a 0\nb " BIG "\n", 2, 0, UINT64_MAX, 3 },
	{ "a 5 6 7\n", 1, 5, 2, 3 },
	{ "", 0, 1, 2, 3 },
};

START_TEST(takes_the_fields_that_are_there)
{
	static const struct field fields[] = { { "a", 0 }, { "b", 8 }, { "cc", 16 } };
	uint64_t v[] = { 1, 2, 3 };

	ck_assert_uint_eq(span_fields(span_of(lines[_i].text), fields, 3, v), lines[_i].found);
	ck_assert_uint_eq(v[0], lines[_i].a);
	ck_assert_uint_eq(v[1], lines[_i].b);
	ck_assert_uint_eq(v[2], lines[_i].c);
}
END_TEST

/* Whatever the text: no take makes the window longer, and all ends. */
START_TEST(any_text_comes_to_its_end)
{
	static const char some[] = " \t\n,:-0123456789abfxz\0\xff";
	struct chance chance = { 11 };

	for (int i = 0; i < 20000; i++) {
		size_t n = chance_below(&chance, 24), left;
		char *text = malloc(n + 1);
		struct span s, part;
		uint64_t v;

		for (size_t at = 0; at < n; at++)
			text[at] = some[chance_below(&chance, sizeof(some) - 1)];
		s = (struct span){ text, text + n };
		for (left = n + 1; span_len(s) < left; left = span_len(s))
			if (!span_u64(&s, &v) && !span_hex(&s, &v) && !span_word(&s, &part) &&
			    !span_until(&s, ',', &part))
				break;
		ck_assert_uint_le(left, n + 1);
		ck_assert_ptr_eq(s.end, text + n);
		free(text);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("span");
	TCase *t = tcase_create("take");

	tcase_add_loop_test(t, takes_a_number_or_moves_nothing, 0, ARRAY_LEN(decimal));
	tcase_add_loop_test(t, takes_a_hexadecimal_number_or_moves_nothing, 0,
			    ARRAY_LEN(hexadecimal));
	tcase_add_test(t, stays_within_its_window);
	tcase_add_loop_test(t, cuts_lines_words_and_parts, 0, ARRAY_LEN(parts));
	tcase_add_test(t, a_nul_is_a_character_as_any_other);
	tcase_add_loop_test(t, takes_the_fields_that_are_there, 0, ARRAY_LEN(lines));
	tcase_add_test(t, any_text_comes_to_its_end);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
