// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * --help and the manual pages of pctfs and pct-launch: whatever a table has is said. Those of pct
 * are in check-pct-help.c; how groff and mandoc take them, `make lint` looks.
 */
#include <check.h>
#undef fail /* an old macro of Check; ours is base/say.h's */

#include "launcher/launch.h"
#include "procfs/files.h"
#include "procfs/pages.h"
#include "procfs/usage.h"

static char *written(int (*write)(FILE *to))
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	(void)write(to);
	fclose(to);
	return text;
}

/* As roff has it. */
static void check_says(const char *page, const char *text)
{
	char as[400];
	char *to = as;

	for (const char *p = text; *p && to < as + sizeof(as) - 6; p++) {
		if (*p == '\'') {
			to = stpcpy(to, "\\(aq");
			continue;
		}
		if (*p == '-')
			*to++ = '\\';
		*to++ = *p;
	}
	*to = '\0';
	ck_assert_msg(strstr(page, as), "nothing is said of '%s'", text);
}

START_TEST(says_each_flag_of_pctfs)
{
	auto_free char *help = written(pctfs_usage), *page = written(pctfs_manual);

	for (size_t i = 0; i < n_pctfs_flags; i++) {
		auto_free char *name = NULL;

		ck_assert_int_gt(asprintf(&name, "--%s", pctfs_flags[i].name), 0);
		ck_assert_int_eq(!strstr(help, name), !pctfs_flags[i].help);
		if (pctfs_flags[i].help)
			check_says(page, name);
	}
}
END_TEST

static const char *stats_page;

static void is_said(const char *name, enum prom_type type, const char *help, FILE *to)
{
	(void)to;
	(void)type;
	check_says(stats_page, name);
	check_says(stats_page, help);
}

START_TEST(says_each_flag_of_stats_and_each_metric)
{
	auto_free char *help = written(stats_usage), *page = written(pctfs_manual);
	const struct prom_reader reader = { is_said, NULL };

	for (size_t i = 0; i < n_stats_flags; i++) {
		auto_free char *name = NULL;

		ck_assert_int_gt(asprintf(&name, "--%s", stats_flags[i].name), 0);
		ck_assert_ptr_nonnull(strstr(help, name));
		check_says(page, name);
	}
	stats_page = page;
	daemon_list(&reader);
	measures_list(NAMES_ALL, &reader);
}
END_TEST

START_TEST(names_each_file_that_is_served)
{
	auto_free char *page = written(pctfs_manual);

	for (size_t i = 0; i < n_files; i++) {
		auto_free char *line = NULL;

		ck_assert_int_gt(asprintf(&line, "\n/%s\n", files[i].path), 0);
		ck_assert_msg(strstr(page, line), "not in pctfs(8): %s", files[i].path);
	}
}
END_TEST

START_TEST(names_each_command_of_the_launcher)
{
	auto_free char *help = written(launch_usage), *page = written(launch_manual);

	for (size_t i = 0; i < n_launch_commands; i++) {
		auto_free char *name = NULL;

		ck_assert_int_gt(asprintf(&name, "\n  %s ", launch_commands[i]->name), 0);
		ck_assert_ptr_nonnull(strstr(help, name));
		check_says(page, launch_commands[i]->help);
	}
}
END_TEST

START_TEST(keeps_lines_of_help_short)
{
	auto_free char *one = written(pctfs_usage), *other = written(launch_usage);
	auto_free char *stats = written(stats_usage);
	const char *const texts[] = { one, other, stats };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		for (const char *p = texts[i]; *p; p += strcspn(p, "\n") + 1)
			ck_assert_msg(strncmp(p, "usage:", 6) == 0 || strcspn(p, "\n") <= 82,
				      "%.100s", p); /* 82: the longest form of pctfs */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("manual");
	TCase *t = tcase_create("manual");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, says_each_flag_of_pctfs);
	tcase_add_test(t, says_each_flag_of_stats_and_each_metric);
	tcase_add_test(t, names_each_file_that_is_served);
	tcase_add_test(t, names_each_command_of_the_launcher);
	tcase_add_test(t, keeps_lines_of_help_short);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
