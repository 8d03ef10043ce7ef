// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The text of a conf: read, kept, changed, written.
 */
#include <check.h>

#include "base/base.h"
#include "pct/conf/config.h"

/* Text, and its canonical form. */
static const struct {
	const char *text, *written;
} texts[] = {
	{ "", "" },
	{ "\n\n", "" },
	{ "memory: 512\n", "memory: 512\n" },
	{ "memory:512", "memory: 512\n" },
	{ "  memory:   512  \r\n", "memory: 512\n" },
	{ "swap: 1\nmemory: 2\narch: a\n", "arch: a\nmemory: 2\nswap: 1\n" },
	{ "memory: 1\nmemory: 2\n", "memory: 2\n" },
	{ "memory: 1\n#a note\n", "#a note\nmemory: 1\n" },
	{ "# two  blanks\n#\n#b%3A %25\n", "# two  blanks\n#\n#b%3A %25\n" },
	{ "#caf\xc3\xa9\n", "#caf%C3%A9\n" },
	{ "#a%0Ab\n", "#a\n#b\n" },
	{ "#%00%zz%4\n", "#%2500%25zz%254\n" },
	{ "#end%20\n", "#end%20\n" },
	{ "description: x%3Ay\n", "#x%3Ay\n" },
	{ "future_key9: a=b,c=d\nnet0: name=eth0,bridge=b\n",
	  "future_key9: a=b,c=d\nnet0: name=eth0,bridge=b\n" },
	{ "lxc.b = 2\nmemory: 1\nlxc.a: 1\nlxc.b: 3\nlxc.cap.drop:\n",
	  "memory: 1\nlxc.b: 2\nlxc.a: 1\nlxc.b: 3\nlxc.cap.drop:\n" },
	{ "lxc.mount.entry: a b none rw,x=y 0 0\n", "lxc.mount.entry: a b none rw,x=y 0 0\n" },
	{ "lxc.a == x\n", "lxc.a: = x\n" },
	{ "memory: 1\nwhat is this\nswap: 2\n", "memory: 1\nswap: 2\nwhat is this\n" },
	{ "memory:\n", "memory:\n" },
	{ "memory: 1\x01\nswap: 2\n", "swap: 2\n" },
	{ "a: 1\n[s2]\nb: 2\n[s1]\nc: 3\n#n\n[pve:pending]\nd: 4\n",
	  "a: 1\n\n[pve:pending]\nd: 4\n\n[s1]\n#n\nc: 3\n\n[s2]\nb: 2\n" },
	{ "[PVE:pending]\n", "" },
	{ "[s]\nb: 2\n[s]\nc: 3\n", "\n[s]\nb: 2\nc: 3\n" },
	{ "[s\nmemory: 1\n", "memory: 1\n[s\n" },
	{ "lxc.x: 1\nlxc.environment.runtime: A=b c\nmemory: 1\nlxc.environment.runtime = D=\n",
	  "memory: 1\nlxc.environment.runtime: A=b c\nlxc.environment.runtime: D=\nlxc.x: 1\n" },
	{ "env: A=b\nzz\n", "lxc.environment.runtime: A=b\nzz\n" },
	{ "lxc.environment.runtime:\n", "lxc.environment.runtime:\n" },
	{ "a: 1\n[s]\nlxc.environment.runtime: A=b\nz: 1\n",
	  "a: 1\n\n[s]\nz: 1\nlxc.environment.runtime: A=b\n" },
};

static char *write_text(const struct config *c)
{
	char *text = NULL;
	size_t n;

	ck_assert_int_eq(config_write(c, &text, &n), 0);
	ck_assert_uint_eq(n, strlen(text));
	return text;
}

START_TEST(writes_what_it_read_in_canonical_form)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *text = NULL;

	ck_assert_int_eq(config_parse(texts[_i].text, strlen(texts[_i].text), &c, NULL), 0);
	text = write_text(&c);
	ck_assert_str_eq(text, texts[_i].written);
}
END_TEST

START_TEST(writes_the_canonical_form_unchanged)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *text = NULL;

	ck_assert_int_eq(config_parse(texts[_i].written, strlen(texts[_i].written), &c, NULL), 0);
	text = write_text(&c);
	ck_assert_str_eq(text, texts[_i].written);
}
END_TEST

START_TEST(tells_which_line_has_no_known_form)
{
	static const char text[] = "memory: 1\n\nwhat\nswap: \x02\nelse\n";
	CLEANUP(config_free) struct config c = { 0 };
	struct config_odd odd;

	ck_assert_int_eq(config_parse(text, sizeof(text) - 1, &c, &odd), 0);
	ck_assert_uint_eq(odd.line, 3);
	ck_assert_uint_eq(odd.dropped, 4);
}
END_TEST

START_TEST(takes_a_text_with_nul_bytes_for_lines_it_cannot_keep)
{
	static const char text[] = "memory: 1\0\nswap: 2\n";
	CLEANUP(config_free) struct config c = { 0 };
	struct config_odd odd;

	ck_assert_int_eq(config_parse(text, sizeof(text) - 1, &c, &odd), 0);
	ck_assert_uint_eq(odd.dropped, 1);
	ck_assert_ptr_null(config_get(&c, "memory"));
	ck_assert_str_eq(config_get(&c, "swap"), "2");
}
END_TEST

START_TEST(finds_only_the_main_sections_values)
{
	static const char text[] = "a: 1\n[s]\nb: 2\n";
	CLEANUP(config_free) struct config c = { 0 };

	ck_assert_int_eq(config_parse(text, sizeof(text) - 1, &c, NULL), 0);
	ck_assert_str_eq(config_get(&c, "a"), "1");
	ck_assert_ptr_null(config_get(&c, "b"));
	ck_assert_ptr_null(config_get(&c, "description"));
}
END_TEST

/* Whatever is set, it is read back as it was, and as nothing else. */
static const struct {
	const char *key, *value;
	int answer;
} sets[] = {
	{ "memory", "512", 0 },
	{ "net0", "name=eth0", 0 },
	{ "description", "a\nmemory: 7\n[x]\n#y\x01\x7f", 0 },
	{ "memory", "512\nlxc.hook.start: /bin/x", -EINVAL },
	{ "memory", "512\rx", -EINVAL },
	{ "memory", "\x1b[0m", -EINVAL },
	{ "memory", "", -EINVAL },
	{ "memory", " 5", -EINVAL },
	{ "memory", "5 ", -EINVAL },
	{ "", "5", -EINVAL },
	{ "a b", "5", -EINVAL },
	{ "#a", "5", -EINVAL },
	{ "[a]", "5", -EINVAL },
	{ "a:b", "5", -EINVAL },
	{ "a\nb", "5", -EINVAL },
	{ "9a", "5", -EINVAL },
	{ "a9b", "5", -EINVAL },
};

START_TEST(sets_a_value_that_reads_back_or_nothing)
{
	CLEANUP(config_free) struct config c = { 0 };
	CLEANUP(config_free) struct config again = { 0 };
	auto_free char *text = NULL;

	ck_assert_int_eq(config_init(&c), 0);
	ck_assert_int_eq(config_set(&c, sets[_i].key, sets[_i].value), sets[_i].answer);
	text = write_text(&c);
	ck_assert_int_eq(config_parse(text, strlen(text), &again, NULL), 0);
	ck_assert_uint_eq(again.n, 1);
	if (sets[_i].answer < 0) {
		ck_assert_str_eq(text, "");
	} else if (strcmp(sets[_i].key, "description") == 0) {
		ck_assert_uint_eq(again.sections[0].n, 0);
		ck_assert_str_eq(config_get(&again, "description"),
				 "a\nmemory: 7\n[x]\n#y\x01\x7f\n");
	} else {
		ck_assert_uint_eq(again.sections[0].n, 1);
		ck_assert_str_eq(config_get(&again, sets[_i].key), sets[_i].value);
	}
}
END_TEST

START_TEST(replaces_and_removes_a_value)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *text = NULL;

	ck_assert_int_eq(config_init(&c), 0);
	ck_assert_int_eq(config_set(&c, "memory", "1"), 0);
	ck_assert_int_eq(config_set(&c, "memory", "2"), 0);
	ck_assert_int_eq(config_set(&c, "swap", "3"), 0);
	ck_assert_int_eq(config_set(&c, "description", "x"), 0);
	config_unset(&c, "memory");
	config_unset(&c, "description");
	config_unset(&c, "absent");
	text = write_text(&c);
	ck_assert_str_eq(text, "swap: 3\n");
}
END_TEST

START_TEST(keeps_variables_a_line_each)
{
	static const char *const bad[] = { "A=b\n",    "\nA=b",	    "A=b\n\nC=d",
					   "A=b\rC=d", "A=b \nC=d", "A=b\n\x01" };
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *text = NULL;

	ck_assert_int_eq(config_init(&c), 0);
	ck_assert_int_eq(config_set(&c, "env", "A=b\nC=d e"), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_int_eq(config_set(&c, "env", bad[i]), -EINVAL);
	ck_assert_int_eq(config_set(&c, "hostname", "a\nmemory: 1"), -EINVAL);
	text = write_text(&c);
	ck_assert_str_eq(text, "lxc.environment.runtime: A=b\n"
			       "lxc.environment.runtime: C=d e\n");
}
END_TEST

START_TEST(adds_raw_lines_one_by_one)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *text = NULL;

	ck_assert_int_eq(config_init(&c), 0);
	ck_assert_int_eq(config_set_raw(&c, "lxc.a", "1"), 0);
	ck_assert_int_eq(config_set_raw(&c, "lxc.a", "2"), 0);
	ck_assert_int_eq(config_set_raw(&c, "lxc.a", ""), 0);
	ck_assert_int_eq(config_set_raw(&c, "lxc.a", "3\nlxc.b: 4"), -EINVAL);
	ck_assert_int_eq(config_set_raw(&c, "memory", ""), -EINVAL);
	text = write_text(&c);
	ck_assert_str_eq(text, "lxc.a: 1\nlxc.a: 2\nlxc.a:\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct config");
	TCase *t = tcase_create("config");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, writes_what_it_read_in_canonical_form, 0, ARRAY_LEN(texts));
	tcase_add_loop_test(t, writes_the_canonical_form_unchanged, 0, ARRAY_LEN(texts));
	tcase_add_test(t, tells_which_line_has_no_known_form);
	tcase_add_test(t, keeps_variables_a_line_each);
	tcase_add_test(t, adds_raw_lines_one_by_one);
	tcase_add_test(t, takes_a_text_with_nul_bytes_for_lines_it_cannot_keep);
	tcase_add_test(t, finds_only_the_main_sections_values);
	tcase_add_loop_test(t, sets_a_value_that_reads_back_or_nothing, 0, ARRAY_LEN(sets));
	tcase_add_test(t, replaces_and_removes_a_value);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
