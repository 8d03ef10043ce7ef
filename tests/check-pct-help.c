// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Help and manual pages: whatever a table has is said, on lines that fit.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "base/wrap.h"
#include "pct/cli/help.h"
#include "pct/conf/site.h"
#include "pct/storage/driver.h"

/* Lines of a page, each with what it should be. */
static void check_page(const char *text)
{
	ck_assert_str_ne(text, "");
	while (*text) {
		size_t n = strcspn(text, "\n");

		ck_assert_msg(n <= WRAP_WIDTH, "%zu columns: %.*s", n, (int)n, text);
		ck_assert_msg(n == 0 || text[n - 1] != ' ', "ends in a blank: %.*s", (int)n, text);
		ck_assert_msg(text[n] == '\n', "without an end: %s", text);
		for (size_t i = 0; i < n; i++)
			ck_assert_msg(text[i] >= ' ' && text[i] < 0x7f, "%.*s", (int)n, text);
		text += n + 1;
	}
}

/* Does a line begin with @left, and does something follow it there or on the next? */
static void check_row(const char *text, const char *left)
{
	auto_free char *begin = NULL;
	const char *at;

	ck_assert(asprintf(&begin, "\n  %s", left) > 0);
	at = strstr(text, begin);
	ck_assert_msg(at, "no '%s' in:\n%s", left, text);
	at += strlen(begin);
	ck_assert_msg(*at == ' ' || *at == '\n', "'%s' is cut off", left);
	at += strspn(at, " \n");
	ck_assert_msg(*at && *at != '-', "'%s' has no help", left);
}

static void check_option(const char *text, const struct option *o, enum as as)
{
	auto_free char *left = help_left(o, as);

	ck_assert_ptr_nonnull(o->help);
	ck_assert_str_ne(o->help, "");
	ck_assert_msg(o->help[strlen(o->help) - 1] != '.', "full stop: %s", o->help);
	check_row(text, left);
}

START_TEST(names_every_command)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	help_all(to);
	fclose(to);
	check_page(text);
	for (size_t i = 0; i < n_commands; i++) {
		auto_free char *left = NULL;

		ck_assert_str_ne(commands[i]->help, "");
		ck_assert(asprintf(&left, "%s%s%s", commands[i]->name,
				   *commands[i]->args ? " " : "", commands[i]->args) > 0);
		if (commands[i]->hidden)
			ck_assert_ptr_null(strstr(text, left));
		else
			check_row(text, left);
	}
}
END_TEST

START_TEST(names_every_option_of_a_command)
{
	const struct command *c = commands[_i];
	auto_free char *text = NULL;
	const struct option *o;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	help_command(c, to);
	fclose(to);
	check_page(text);
	for (size_t i = 0; (o = command_option(c, i)); i++)
		check_option(text, o, AS_OPTION);
}
END_TEST

START_TEST(names_every_property_of_an_option)
{
	const struct command *c = commands[_i];
	const struct option *o;

	for (size_t i = 0; (o = command_option(c, i)); i++) {
		auto_free char *text = NULL;
		size_t size;
		FILE *to = open_memstream(&text, &size);

		ck_assert_ptr_eq(help_find(c, o->name), o);
		help_option(o, to);
		fclose(to);
		check_page(text);
		for (const struct option *p = o->properties; p && p->name; p++)
			check_option(text, p, AS_PROPERTY);
	}
}
END_TEST

/* Of each: what its row has beside its help. */
static const struct {
	const char *option, *said;
} sentences[] = {
	{ "arch", "; one of amd64, i386" },  { "memory", "; at least 16; default: 512" },
	{ "tty", "; 0 to 6; default: 2" },   { "swap", "; default: 0; default of 'create': 512" },
	{ "net", "; n is 0 to 31" },	     { "tags", "; several are joined by ';'" },
	{ "env", "; may be given several" }, { "unprivileged", "default of 'create': 1" },
};

START_TEST(says_what_the_row_has)
{
	const struct option *o = help_find(&cmd_set, sentences[_i].option);
	auto_free char *text = help_sentence(o);

	ck_assert_msg(strstr(text, sentences[_i].said), "%s", text);
}
END_TEST

START_TEST(finds_an_option_by_any_of_its_names)
{
	const struct option *net = help_find(&cmd_set, "net");

	ck_assert_ptr_nonnull(net);
	ck_assert_ptr_eq(help_find(&cmd_set, "net3"), net);
	ck_assert_ptr_eq(help_find(&cmd_set, "--net0"), net);
	ck_assert_ptr_null(help_find(&cmd_set, "net32"));
	ck_assert_ptr_null(help_find(&cmd_set, "parent"));
	ck_assert_ptr_null(help_find(&cmd_list, "net"));
}
END_TEST

/* ---- manual pages ---- */

static char *manual(const char *page)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	ck_assert_int_eq(manual_write(page, to), 0);
	fclose(to);
	return text;
}

/* A line of text that begins with a dot would be lost, without a word. */
static void check_requests(const char *text)
{
	static const char *const known[] = { ".\\\"",  ".TH ",	 ".nh\n", ".ad l\n",
					     ".SH ",   ".SS \"", ".TP\n", ".PP\n",
					     ".B \\&", ".BR ",	 ".I ",	  ".RS\n",
					     ".RE\n",  ".nf\n",	 ".fi\n", ".B pct\n" };

	for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
		bool found = *p != '.' && *p != '\'';

		for (size_t i = 0; i < ARRAY_LEN(known) && !found; i++)
			found = strncmp(p, known[i], strlen(known[i])) == 0;
		ck_assert_msg(found, "%.60s", p);
	}
}

/* As roff has it, and with text after it. */
static void check_item(const char *text, const char *left)
{
	auto_free char *item = NULL;
	char *to;
	const char *at;

	ck_assert((item = calloc(2, strlen(left) + 16)) != NULL);
	to = stpcpy(item, ".TP\n.B \\&");
	for (const char *p = left; *p; p++) {
		if (*p == '-')
			*to++ = '\\';
		*to++ = *p;
	}
	strcpy(to, "\n\\&");
	at = strstr(text, item);
	ck_assert_msg(at, "no '%s'", left);
	ck_assert_int_ne(at[strlen(item)], '\n');
}

START_TEST(has_a_manual_of_every_command)
{
	auto_free char *text = manual("pct");

	check_requests(text);
	for (size_t i = 0; i < n_commands; i++) {
		auto_free char *title = NULL;
		const struct option *o;

		ck_assert(asprintf(&title, "\n.SS \"pct %s", commands[i]->name) > 0);
		ck_assert_int_eq(!strstr(text, title), commands[i]->hidden);
		for (size_t k = 0; !commands[i]->hidden && (o = command_option(commands[i], k));
		     k++) {
			auto_free char *left = help_left(o, AS_OPTION);

			if (!help_key(o))
				check_item(text, left);
		}
	}
}
END_TEST

START_TEST(has_a_manual_of_every_key)
{
	auto_free char *text = manual("pct.conf");

	check_requests(text);
	for (size_t i = 0; i < n_keys; i++) {
		auto_free char *left = help_left(&keys[i].option, AS_KEY);

		check_item(text, left);
		for (const struct option *p = keys[i].option.properties; p && p->name; p++) {
			auto_free char *name = help_left(p, AS_PROPERTY);

			check_item(text, name);
		}
	}
}
END_TEST

START_TEST(has_a_manual_of_every_storage)
{
	auto_free char *text = manual("storage.cfg"), *conf = manual("pct.conf");

	check_requests(text);
	for (size_t i = 0; i < n_drivers; i++) {
		auto_free char *title = NULL;

		ck_assert(asprintf(&title, "\n.SS \"%s\"\n", drivers[i]->type) > 0);
		ck_assert_ptr_nonnull(strstr(text, title));
		for (const struct option *o = drivers[i]->options; o->name; o++) {
			auto_free char *left = help_left(o, AS_PAIR);

			check_item(text, left);
		}
	}
	for (size_t i = 0; i < n_site_options; i++) {
		auto_free char *left = help_left(&site_options[i], AS_KEY);

		check_item(conf, left);
	}
}
END_TEST

START_TEST(writes_pages_that_groff_takes)
{
	static const char *const pages[] = { "pct", "pct.conf", "storage.cfg" };

	if (system("command -v groff >/dev/null") != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		FILE *to = popen("! groff -man -Tutf8 -ww 2>&1 >/dev/null | grep .", "w");

		ck_assert_ptr_nonnull(to);
		ck_assert_int_eq(manual_write(pages[i], to), 0);
		ck_assert_int_eq(pclose(to), 0);
	}
	ck_assert_int_eq(manual_write("nothing", stdout), -ENOENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct help");
	TCase *t = tcase_create("help");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 30);
	tcase_add_test(t, names_every_command);
	tcase_add_loop_test(t, names_every_option_of_a_command, 0, (int)n_commands);
	tcase_add_loop_test(t, names_every_property_of_an_option, 0, (int)n_commands);
	tcase_add_loop_test(t, says_what_the_row_has, 0, ARRAY_LEN(sentences));
	tcase_add_test(t, finds_an_option_by_any_of_its_names);
	tcase_add_test(t, has_a_manual_of_every_command);
	tcase_add_test(t, has_a_manual_of_every_key);
	tcase_add_test(t, has_a_manual_of_every_storage);
	tcase_add_test(t, writes_pages_that_groff_takes);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
