// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Confs as Proxmox users have them (tests/confs): written back they mean the same, and what
 * `pct config` and `pct pending` say of them is what tests/golden/pct/confs holds. GOLDEN=write
 * writes that anew.
 */
#include <check.h>
#undef fail /* ours is another one */
#include <fcntl.h>
#include <sys/mman.h>

#include "base/say.h"
#include "pct/cli/args.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"
#include "pct/paths.h"

static const struct {
	const char *name;
	unsigned vmid;
	const char *snapshot;
} confs[] = {
	{ "101-web", 101, "before_upgrade" },
	{ "102-docker", 102, NULL },
	{ "9000-template", 9000, NULL },
};

static char root[] = "/tmp/check-confs.XXXXXX";

static char *read_text(const char *path, size_t *n)
{
	auto_file f = fopen(path, "re");
	char *text = calloc(1, 65536);

	ck_assert_msg(f != NULL, "%s is not there; GOLDEN=write makes it", path);
	*n = fread(text, 1, 65535, f);
	return text;
}

static void put_text(const char *path, const char *text)
{
	auto_file f = fopen(path, "we");

	ck_assert_msg(f != NULL, "%s", path);
	fputs(text, f);
}

static void check_golden(const char *name, const char *what, const char *text)
{
	auto_free char *path = text_of("tests/golden/pct/confs/%s.%s", name, what);
	auto_free char *golden = NULL;
	const char *mode = getenv("GOLDEN");
	size_t n;

	if (mode && strcmp(mode, "write") == 0)
		put_text(path, text);
	golden = read_text(path, &n);
	ck_assert_str_eq(text, golden);
}

/* What a command prints, which succeeds. */
static char *printed(const struct command *c, const char *words)
{
	CLEANUP(args_free) struct args a = { 0 };
	auto_free char *copy = strdup(words), *wrong = NULL;
	char *argv[8] = { NULL }, *next = copy, *text = calloc(1, 65536);
	auto_fd fd = memfd_create("out", MFD_CLOEXEC), ours = dup(STDOUT_FILENO);
	int argc = 0, r;

	while (next && argc < 7)
		argv[argc++] = strsep(&next, " ");
	ck_assert_int_eq(args_parse(c, argc, argv, &a, &wrong), 0);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	r = c->run(&a);
	fflush(stdout);
	dup2(ours, STDOUT_FILENO);
	ck_assert_int_eq(r, 0);
	ck_assert_int_ge(pread(fd, text, 65535, 0), 0);
	return text;
}

static void check_printed(const char *name, const char *what, const struct command *c,
			  const char *fmt, unsigned vmid)
{
	auto_free char *words = text_of("%u%s", vmid, fmt);
	auto_free char *text = printed(c, words);

	check_golden(name, what, text);
}

START_TEST(says_of_it_what_the_golden_files_say)
{
	const char *name = confs[_i].name;
	unsigned vmid = confs[_i].vmid;

	check_printed(name, "config", &cmd_config, "", vmid);
	check_printed(name, "current", &cmd_config, " --current", vmid);
	check_printed(name, "json", &cmd_config, " --output-format json", vmid);
	check_printed(name, "pending", &cmd_pending, "", vmid);
	check_printed(name, "pending-json", &cmd_pending, " --output-format json", vmid);
	if (confs[_i].snapshot) {
		auto_free char *words = text_of(" --snapshot %s", confs[_i].snapshot);

		check_printed(name, "snapshot", &cmd_config, words, vmid);
	}
}
END_TEST

/* Of raw lines the order counts, of keys it does not. */
static void check_section(const struct section *a, const struct section *b)
{
	size_t raw = 0, i;

	ck_assert_uint_eq(a->n, b->n);
	ck_assert_int_eq(!a->description, !b->description);
	if (a->description)
		ck_assert_str_eq(a->description, b->description);
	for (i = 0; i < a->n; i++) {
		const struct entry *e = &a->entries[i];

		if (e->key && !entry_is_lxc(e)) {
			ck_assert_ptr_nonnull(section_get(b, e->key));
			ck_assert_str_eq(section_get(b, e->key), e->value);
			continue;
		}
		while (raw < b->n && b->entries[raw].key && !entry_is_lxc(&b->entries[raw]))
			raw++;
		ck_assert_uint_lt(raw, b->n);
		ck_assert_int_eq(!e->key, !b->entries[raw].key);
		if (e->key)
			ck_assert_str_eq(e->key, b->entries[raw].key);
		ck_assert_str_eq(e->value, b->entries[raw++].value);
	}
}

START_TEST(writes_it_back_unchanged_in_meaning)
{
	CLEANUP(config_free) struct config before = { 0 }, after = { 0 };
	auto_free char *path = path_to("etc/pct/lxc/%u.conf", confs[_i].vmid);
	auto_free char *written = NULL;
	size_t n;

	ck_assert_int_eq(conf_load(confs[_i].vmid, &before), 0);
	ck_assert_int_eq(conf_save(confs[_i].vmid, &before), 0);
	ck_assert_int_eq(conf_load(confs[_i].vmid, &after), 0);
	for (size_t i = 0; i < before.n; i++) {
		const struct section *s = &before.sections[i];
		const struct section *t = config_section(&after, s->name);

		if (!t && s->n == 0 && strcasecmp(s->name, PENDING) == 0)
			continue;
		ck_assert_ptr_nonnull(t);
		check_section(s, t);
	}
	written = read_text(path, &n);
	check_golden(confs[_i].name, "conf", written);
}
END_TEST

/* In Proxmox' own canonical form already: not a byte of it changes. */
START_TEST(writes_a_canonical_one_byte_for_byte)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *before = NULL, *after = NULL;
	size_t n, m;

	before = read_text("tests/confs/101-web.conf", &n);
	ck_assert_int_eq(config_parse(before, n, &c, NULL), 0);
	ck_assert_int_eq(config_write(&c, &after, &m), 0);
	ck_assert_str_eq(after, before);
}
END_TEST

static void make_root(void)
{
	auto_free char *etc = NULL;

	strcpy(root, "/tmp/check-confs.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	setenv("PCT_ROOT", root, 1);
	etc = path_to("etc/pct/lxc");
	ck_assert_int_eq(paths_make(etc, 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(confs); i++) {
		auto_free char *from = text_of("tests/confs/%s.conf", confs[i].name);
		auto_free char *to = path_to("etc/pct/lxc/%u.conf", confs[i].vmid);
		auto_free char *text = NULL;
		size_t n;

		text = read_text(from, &n);
		put_text(to, text);
	}
	say_limit = SAY_ERR;
}

static void remove_root(void)
{
	static const char *const names[] = { "etc/pct/lxc", "etc/pct", "etc", "" };

	for (size_t i = 0; i < ARRAY_LEN(confs); i++) {
		auto_free char *path = path_to("etc/pct/lxc/%u.conf", confs[i].vmid);

		ck_assert_int_eq(unlink(path), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *path = text_of("%s/%s", root, names[i]);

		ck_assert_int_eq(rmdir(path), 0);
	}
}

int main(void)
{
	Suite *s = suite_create("pct confs");
	TCase *t = tcase_create("confs");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, make_root, remove_root);
	tcase_add_loop_test(t, says_of_it_what_the_golden_files_say, 0, ARRAY_LEN(confs));
	tcase_add_loop_test(t, writes_it_back_unchanged_in_meaning, 0, ARRAY_LEN(confs));
	tcase_add_test(t, writes_a_canonical_one_byte_for_byte);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
