// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a snapshot, its removal and going back to it make of a conf.
 */
#include "base/base.h"
#include "pct/snap/snap.h"
#include "tests/fixture.h"

enum what { BEGIN, TAKE, DROP, RESTORE };

#define ROOT "rootfs: local:100/vm-100-disk-0.raw,size=4G\n"
#define MP0  "mp0: local:100/vm-100-disk-1.raw,mp=/data\n"
#define MP1  "mp1: /srv/shared,mp=/shared\n"

static const struct {
	const char *why;
	enum what what;
	const char *name, *before, *after;
} cases[] = {
	{ "all is in it, but what is pending, unused, or the lock", BEGIN, "a1",
	  "#a note\nlxc.cap.drop: mknod\nlxc.cap.drop: audit_read\nmemory: 64\n" MP1 ROOT
	  "unused0: local:100/vm-100-disk-9.raw\n\n[pve:pending]\nmemory: 128\n",
	  "#a note\nlock: snapshot\nmemory: 64\n" MP1 ROOT "unused0: local:100/vm-100-disk-9.raw\n"
	  "lxc.cap.drop: mknod\nlxc.cap.drop: audit_read\n\n[pve:pending]\nmemory: 128\n\n"
	  "[a1]\n#why\nmemory: 64\n" MP1 ROOT "snapstate: prepare\nsnaptime: 1000\n"
	  "lxc.cap.drop: mknod\nlxc.cap.drop: audit_read\n" },
	{ "the newest comes of the one before", TAKE, "b1",
	  "memory: 64\nparent: a1\n\n[a1]\nmemory: 32\nsnaptime: 5\n",
	  "memory: 64\nparent: b1\n\n[a1]\nmemory: 32\nsnaptime: 5\n\n"
	  "[b1]\n#why\nmemory: 64\nparent: a1\nsnaptime: 1000\n" },
	{ "what came of it comes of its parent", DROP, "b1",
	  "memory: 64\nparent: b1\n\n[a1]\nsnaptime: 5\n\n[b1]\nparent: a1\nsnaptime: 6\n\n"
	  "[c1]\nparent: b1\nsnaptime: 7\n",
	  "memory: 64\nparent: a1\n\n[a1]\nsnaptime: 5\n\n[c1]\nparent: a1\nsnaptime: 7\n" },
	{ "what came of the first comes of none", DROP, "a1",
	  "memory: 64\nparent: a1\n\n[a1]\nsnaptime: 5\n", "memory: 64\n" },
	{ "a volume that only it named is unused", DROP, "a1",
	  ROOT "unused0: local:100/vm-100-disk-7.raw\n\n[a1]\n" MP0 MP1 ROOT "snaptime: 5\n",
	  ROOT "unused0: local:100/vm-100-disk-7.raw\nunused1: local:100/vm-100-disk-1.raw\n" },
	{ "a volume that another names is not", DROP, "a1",
	  ROOT "\n[a1]\n" MP0 "snaptime: 5\n\n[b1]\n" MP0 "snaptime: 6\n",
	  ROOT "\n[b1]\n" MP0 "snaptime: 6\n" },
	{ "back: the note stays, what is pending goes", RESTORE, "a1",
	  "#now\nhostname: new\nlock: rollback\nmemory: 64\n" ROOT
	  "swap: 9\nlxc.cap.drop: mknod\n\n[pve:pending]\nmemory: 128\n\n"
	  "[a1]\n#then\nhostname: old\nmemory: 32\n" ROOT "snapstate: rollback\nsnaptime: 5\n"
	  "lxc.cap.drop: audit_read\n",
	  "#now\nhostname: old\nlock: rollback\nmemory: 32\nparent: a1\n" ROOT
	  "lxc.cap.drop: audit_read\n\n"
	  "[a1]\n#then\nhostname: old\nmemory: 32\n" ROOT "snapstate: rollback\nsnaptime: 5\n"
	  "lxc.cap.drop: audit_read\n" },
	{ "back: a newer volume is unused, one that was unused is used", RESTORE, "a1",
	  MP0 ROOT "unused0: local:100/vm-100-disk-5.raw\n\n"
		   "[a1]\nmp3: local:100/vm-100-disk-5.raw,mp=/x\n" ROOT "snaptime: 5\n",
	  "mp3: local:100/vm-100-disk-5.raw,mp=/x\nparent: a1\n" ROOT
	  "unused0: local:100/vm-100-disk-1.raw\n\n"
	  "[a1]\nmp3: local:100/vm-100-disk-5.raw,mp=/x\n" ROOT "snaptime: 5\n" },
};

START_TEST(conf_is_as_it_should_be)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *text = NULL;
	const char *before = cases[_i].before, *name = cases[_i].name;
	size_t n;
	int r;

	ck_assert_int_eq(config_parse(before, strlen(before), &c, NULL), 0);
	if (cases[_i].what == DROP)
		r = snap_drop(&c, name);
	else if (cases[_i].what == RESTORE)
		r = snap_restore(&c, name);
	else
		r = snap_begin(&c, name, "why", 1000);
	if (r == 0 && cases[_i].what == TAKE)
		r = snap_commit(&c, name);
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(config_write(&c, &text, &n), 0);
	ck_assert_msg(strcmp(text, cases[_i].after) == 0, "%s:\n%s\nshould be\n%s", cases[_i].why,
		      text, cases[_i].after);
}
END_TEST

static const struct {
	const char *name;
	bool may_be;
} snapshot_names[] = {
	{ "a1", true },
	{ "before-upgrade_2", true },
	{ "a", false },
	{ "1a", false },
	{ "current", false },
	{ "vzdump", false },
	{ "Current", false },
	{ "a/b", false },
	{ "a.b", false },
	{ "pve:pending", false },
	{ "..", false },
	{ "a b", false },
	{ "", false },
	{ "\xc3\xa4x", false },
	{ "a123456789012345678901234567890123456789", true },
	{ "a1234567890123456789012345678901234567890", false },
};

START_TEST(name_is_a_plain_word)
{
	ck_assert_msg((form_snapshot(snapshot_names[_i].name) == NULL) == snapshot_names[_i].may_be,
		      "'%s'", snapshot_names[_i].name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("snapshots");
	TCase *t = tcase_create("sections");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(t, conf_is_as_it_should_be, 0, ARRAY_LEN(cases));
	tcase_add_loop_test(t, name_is_a_plain_word, 0, ARRAY_LEN(snapshot_names));
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
