// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the mounter believes of what a worker says: a worker can have been taken over.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "launcher/served.h"
#include "tests/fixture.h"

static const struct {
	const char *path;
	bool is;
} names[] = {
	{ "proc/meminfo", true },
	{ "proc/sys/kernel/random/boot_id", true },
	{ "a", true },
	{ "..a/b..", true },
	{ "proc/.../x", true },
	{ "", false },
	{ "/", false },
	{ "/proc/meminfo", false },
	{ "proc//meminfo", false },
	{ "proc/meminfo/", false },
	{ ".", false },
	{ "proc/./meminfo", false },
	{ "..", false },
	{ "../etc/shadow", false },
	{ "proc/..", false },
	{ "proc/../../etc/shadow", false },
	{ NULL, false },
};

START_TEST(a_view_is_named_by_names_alone)
{
	ck_assert(served_is_name(names[_i].path) == names[_i].is);
}
END_TEST

static const struct {
	const char *text;
	bool are;
} lists[] = {
	{ "[]", true },
	{ "[\"proc/meminfo\",\"sys/devices/system/cpu\"]", true },
	{ "[\"proc/meminfo\",\"proc/../../../etc\"]", false },
	{ "[\"proc/meminfo\",1]", false },
	{ "[null]", false },
	{ "[\"proc/meminfo\\u0000/..\"]", false },
	{ "{}", false },
	{ "\"proc/meminfo\"", false },
};

START_TEST(a_list_of_views_is_one)
{
	json_object *list = json_tokener_parse(lists[_i].text);

	ck_assert(served_are_names(list) == lists[_i].are);
	json_object_put(list);
	ck_assert(!served_are_names(NULL));
}
END_TEST

START_TEST(a_list_of_views_has_an_end)
{
	json_object *list = json_object_new_array();

	for (int i = 0; i < SERVED_MAX; i++)
		json_object_array_add(list, json_object_new_string("proc/x"));
	ck_assert(served_are_names(list));
	json_object_array_add(list, json_object_new_string("proc/x"));
	ck_assert(!served_are_names(list));
	json_object_put(list);
}
END_TEST

static const struct {
	const char *root, *below;
} roots[] = {
	{ "/m", "." },	     { "/m/ct/a", "ct/a" }, { "/m/", NULL },	   { "/mm", NULL },
	{ "/", NULL },	     { "", NULL },	    { "/m/../etc", NULL }, { "/m/ct/../..", NULL },
	{ "/m//etc", NULL }, { "m/ct/a", NULL },    { "/etc", NULL },	   { "/m/.", NULL },
};

START_TEST(views_are_served_in_the_mount)
{
	const char *below = served_below("/m", roots[_i].root);

	ck_assert(!below == !roots[_i].below);
	if (below)
		ck_assert_str_eq(below, roots[_i].below);
}
END_TEST

START_TEST(no_link_leads_out)
{
	char dir[] = "/tmp/served.XXXXXX";
	auto_fd at = -EBADF;
	auto_fd in = -EBADF;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(at, "in", 0700), 0);
	ck_assert_int_eq(symlinkat("in", at, "near"), 0);
	ck_assert_int_eq(symlinkat("/etc", at, "far"), 0);
	in = served_open(at, "in", 0);
	ck_assert_int_ge(in, 0);
	ck_assert_int_eq(served_open(at, "near/x", 0), -ELOOP);
	ck_assert_int_eq(served_open(at, "far/passwd", 0), -ELOOP);
	ck_assert_int_eq(served_open(at, "..", 0), -EXDEV);
	ck_assert_int_eq(served_open(in, "../in", 0), -EXDEV);
	ck_assert_int_eq(served_open(at, dir, 0), -EXDEV);
	unlinkat(at, "near", 0);
	unlinkat(at, "far", 0);
	unlinkat(at, "in", AT_REMOVEDIR);
	rmdir(dir);
}
END_TEST

/* Whatever is there instead: pctfs has ended, or somebody mounted over it. */
START_TEST(what_is_no_mount_of_pctfs_is_not_taken_for_one)
{
	say_limit = SAY_ERR - 1;
	ck_assert_int_eq(served_root("/proc", "/proc/sys"), -ENODEV);
	ck_assert_int_eq(served_root("/proc", "/etc"), -EPERM);
	ck_assert_int_eq(served_root("/nonexistent", "/nonexistent"), -ENOENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("served");
	TCase *t = tcase_create("served");

	tcase_add_loop_test(t, a_view_is_named_by_names_alone, 0, ARRAY_LEN(names));
	tcase_add_loop_test(t, a_list_of_views_is_one, 0, ARRAY_LEN(lists));
	tcase_add_test(t, a_list_of_views_has_an_end);
	tcase_add_loop_test(t, views_are_served_in_the_mount, 0, ARRAY_LEN(roots));
	tcase_add_test(t, no_link_leads_out);
	tcase_add_test(t, what_is_no_mount_of_pctfs_is_not_taken_for_one);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
