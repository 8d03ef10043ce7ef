// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is asked of a container and not so yet: the section [pve:pending] of its conf.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "pct/conf/pending.h"

static const char conf[] = "cores: 2\nmemory: 512\nnet0: name=eth0\ntags: a\n";

static const struct {
	const char *what; /* "+key value", "-key", "~key" for revert, "=key" for take; one a word */
	const char *after;
} cases[] = {
	{ "+memory 1024", "cores: 2\nmemory: 512\nnet0: name=eth0\ntags: a\n"
			  "\n[pve:pending]\nmemory: 1024\n" },
	{ "+memory 512", conf },
	{ "+memory 1024;+memory 512", conf },
	{ "+swap 1;~swap", conf },
	{ "-swap", conf },
	{ "-tags", "cores: 2\nmemory: 512\nnet0: name=eth0\ntags: a\n"
		   "\n[pve:pending]\ndelete: tags\n" },
	{ "-tags;-net0;~tags", "cores: 2\nmemory: 512\nnet0: name=eth0\ntags: a\n"
			       "\n[pve:pending]\ndelete: net0\n" },
	{ "-tags;+tags b", "cores: 2\nmemory: 512\nnet0: name=eth0\ntags: a\n"
			   "\n[pve:pending]\ntags: b\n" },
	{ "+tags b;-tags", "cores: 2\nmemory: 512\nnet0: name=eth0\ntags: a\n"
			   "\n[pve:pending]\ndelete: tags\n" },
	{ "-tags;=tags", "cores: 2\nmemory: 512\nnet0: name=eth0\n" },
	{ "+memory 7;-net0;=memory;=net0", "cores: 2\nmemory: 7\ntags: a\n" },
	{ "=memory", conf },
	{ "+description a: b;=description", "#a%3A b\ncores: 2\nmemory: 512\nnet0: name=eth0\n"
					    "tags: a\n" },
};

static void deed(struct config *c, char *what)
{
	char *value = strchr(what, ' ');

	if (value)
		*value++ = '\0';
	if (*what == '+')
		ck_assert_int_eq(pending_set(c, what + 1, value), 0);
	else if (*what == '-')
		ck_assert_int_eq(pending_delete(c, what + 1), 0);
	else if (*what == '=')
		ck_assert_int_eq(pending_take(c, what + 1), 0);
	else
		pending_revert(c, what + 1);
}

START_TEST(keeps_what_is_asked_last)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *what = strdup(cases[_i].what), *text = NULL;
	char *next = what, *one;
	size_t n;

	ck_assert_int_eq(config_parse(conf, strlen(conf), &c, NULL), 0);
	while ((one = strsep(&next, ";")))
		deed(&c, one);
	ck_assert_int_eq(config_write(&c, &text, &n), 0);
	ck_assert_str_eq(text, cases[_i].after);
}
END_TEST

START_TEST(knows_the_marks_of_proxmox)
{
	static const char text[] = "a: 1\nb: 2\n[PVE:pending]\ndelete: !a,b c\nnew: 3\n";
	CLEANUP(config_free) struct config c = { 0 };
	const char *value = "";

	ck_assert_int_eq(config_parse(text, strlen(text), &c, NULL), 0);
	ck_assert(pending_find(&c, "a", &value));
	ck_assert_ptr_null(value);
	ck_assert_ptr_null(pending_get(&c, "b"));
	ck_assert_str_eq(pending_get(&c, "new"), "3");
	ck_assert(!pending_find(&c, "other", &value));

	auto_keys keys = pending_keys(&c);
	ck_assert_str_eq(keys[0], "a");
	ck_assert_str_eq(keys[3], "new");
	ck_assert_ptr_null(keys[4]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct pending");
	TCase *t = tcase_create("pending");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, keeps_what_is_asked_last, 0, ARRAY_LEN(cases));
	tcase_add_test(t, knows_the_marks_of_proxmox);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
