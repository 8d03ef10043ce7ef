// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lines of a container's passwd and group, as they should be and as they should not.
 */
#include <check.h>

#include "pct/ct/account.h"

static const char passwd[] = "\n"
			     "# a comment: with: colons\n"
			     "short\n"
			     "few:x:1\n"
			     "word:x:one:2:::\n"
			     "large:x:4294967295:1:::\n"
			     "larger:x:99999999999999999999:1:::\n"
			     "minus:x:-1:-1:::\n"
			     "trailing:x:5 :5:::\n"
			     ":x:77:77::/nameless:/bin/sh\n"
			     "root:x:0:0:root:/root:/bin/bash\n"
			     "root:x:1:1:second:/other:/bin/false\n"
			     "bare:x:10:11\n"
			     "homeless:x:12:13::\n"
			     "app:x:1000:1001:An App,,,:/home/app:/bin/sh:more:fields\n"
			     "1234:x:8:9::/number:\n"
			     "last:x:20:21:no newline:/l:/bin/l";

static const struct {
	const char *who, *found; /* "name uid gid home shell"; NULL: it is not */
} users[] = {
	{ "root", "root 0 0 /root /bin/bash" },
	{ "0", "root 0 0 /root /bin/bash" },
	{ "bare", "bare 10 11  " },
	{ "homeless", "homeless 12 13  " },
	{ "app", "app 1000 1001 /home/app /bin/sh" },
	{ "1000", "app 1000 1001 /home/app /bin/sh" },
	{ "77", " 77 77 /nameless /bin/sh" },
	{ "last", "last 20 21 /l /bin/l" },
	{ "8", "1234 8 9 /number " },
	{ "1234", NULL },
	{ "", " 77 77 /nameless /bin/sh" },
	{ "roo", NULL },
	{ "root:x", NULL },
	{ "short", NULL },
	{ "few", NULL },
	{ "word", NULL },
	{ "large", NULL },
	{ "larger", NULL },
	{ "minus", NULL },
	{ "trailing", NULL },
	{ "4294967295", NULL },
	{ "# a comment", NULL },
};

START_TEST(a_user_is_found_by_name_and_by_number)
{
	auto_account a = { 0 };
	char text[200];
	int r = account_find(span_of(passwd), users[_i].who, &a);

	if (!users[_i].found) {
		ck_assert_int_eq(r, -ENOENT);
		ck_assert_ptr_null(a.name);
		return;
	}
	ck_assert_int_eq(r, 0);
	snprintf(text, sizeof(text), "%s %u %u %s %s", a.name, a.uid, a.gid, a.home, a.shell);
	ck_assert_str_eq(text, users[_i].found);
}
END_TEST

static const char group[] = "tty:x:5:app,other\n"
			    "short:x\n"
			    "app:x:1001:\n"
			    "prefix:x:60:apple,xapp\n"
			    "games:x:61:x,app\n"
			    "bad:x:six:app\n"
			    "again:x:1001:app\n"
			    "bare:x:62\n"
			    "last:x:63:app";

START_TEST(groups_are_those_that_list_the_name)
{
	static const gid_t want[] = { 1001, 5, 61, 63 };
	gid_t got[ACCOUNT_GROUPS];
	size_t n = account_groups(span_of(group), "app", 1001, got);

	ck_assert_uint_eq(n, ARRAY_LEN(want));
	ck_assert_mem_eq(got, want, sizeof(want));
	ck_assert_uint_eq(account_groups(span_of(""), "app", 7, got), 1);
	ck_assert_uint_eq(account_groups(span_of(group), "", 7, got), 1);
}
END_TEST

START_TEST(no_more_groups_than_there_is_room_for)
{
	static char many[400 * 20];
	gid_t got[ACCOUNT_GROUPS];
	size_t n = 0;

	for (int i = 0; i < 400; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n, "g%d:x:%d:a\n", i, i + 1);
	ck_assert_uint_eq(account_groups(span_of(many), "a", 0, got), ACCOUNT_GROUPS);
}
END_TEST

START_TEST(a_group_is_found_by_its_name)
{
	gid_t gid = 99;

	ck_assert_int_eq(account_group(span_of(group), "bare", &gid), 0);
	ck_assert_uint_eq(gid, 62);
	ck_assert_int_eq(account_group(span_of(group), "short", &gid), -ENOENT);
	ck_assert_int_eq(account_group(span_of(group), "bad", &gid), -ENOENT);
	ck_assert_uint_eq(gid, 62);
}
END_TEST

START_TEST(a_number_is_all_digits)
{
	uid_t id = 0;

	ck_assert(account_number("4294967294", &id) && id == 4294967294u);
	ck_assert(!account_number("4294967295", &id));
	ck_assert(!account_number("", &id));
	ck_assert(!account_number("1a", &id));
	ck_assert(!account_number("-1", &id));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct-account");
	TCase *t = tcase_create("account");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_user_is_found_by_name_and_by_number, 0, ARRAY_LEN(users));
	tcase_add_test(t, groups_are_those_that_list_the_name);
	tcase_add_test(t, no_more_groups_than_there_is_room_for);
	tcase_add_test(t, a_group_is_found_by_its_name);
	tcase_add_test(t, a_number_is_all_digits);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
