// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * storage.cfg and the names of volumes.
 */
/* Check has a fail() of its own. */
#include "pct/pct.h"
#undef fail
#include <check.h>
#include <limits.h>

#include "base/base.h"
#include "pct/storage/names.h"
#include "pct/storage/volume.h"

static char *again(const char *text)
{
	auto_storages s = { 0 };
	char *out;
	size_t n;

	ck_assert_int_eq(storages_parse(text, strlen(text), &s), 0);
	ck_assert_int_eq(storages_write(&s, &out, &n), 0);
	ck_assert_uint_eq(strlen(out), n);
	return out;
}

static const char file[] = "# before all\n"
			   "\n"
			   "dir: local\n"
			   "\tpath /var/lib/vz\n"
			   "\tcontent iso,vztmpl,backup\n"
			   "\n"
			   "zfspool: tank\n"
			   "\tpool rpool/data\n"
			   "\tsparse\n"
			   "\t# why this\n"
			   "\tno=form\n"
			   "at the margin\n"
			   "\tmountpoint /tank\n"
			   "\n"
			   "weird: xx\n"
			   "\tpath /x\n"
			   "dir: big.one-2\n"
			   "\tpath /srv/a b\n";

START_TEST(keeps_what_a_file_has)
{
	auto_free char *text = again(file);

	ck_assert_str_eq(text, file);
}
END_TEST

START_TEST(takes_other_blanks_and_ends)
{
	auto_free char *text = again("dir:   a1 \n  path   /x y  \n\tshared\t1\r\nno newline");

	ck_assert_str_eq(text, "dir: a1\n\tpath /x y\n\tshared 1\nno newline\n");
}
END_TEST

START_TEST(leaves_control_characters_out)
{
	static const char text[] = "dir: aa\n\tpath /a\n\tx \033[m\nz:vol\0\0\r\n\tlast 1\n";
	auto_storages s = { 0 };
	auto_free char *out = NULL;
	size_t n;

	ck_assert_int_eq(storages_parse(text, sizeof(text) - 1, &s), 0);
	ck_assert_int_eq(storages_write(&s, &out, &n), 0);
	ck_assert_str_eq(out, "dir: aa\n\tpath /a\n\tlast 1\n");
}
END_TEST

START_TEST(reads_sections)
{
	auto_storages s = { 0 };
	struct storage *t;

	ck_assert_int_eq(storages_parse(file, strlen(file), &s), 0);
	t = storages_find(&s, "local");
	ck_assert_ptr_nonnull(t);
	ck_assert_str_eq(t->type, "dir");
	ck_assert_ptr_nonnull(t->driver);
	ck_assert_str_eq(storage_option(t, "path"), "/var/lib/vz");
	ck_assert(storage_has_content(t, "iso"));
	ck_assert(!storage_has_content(t, "rootdir"));
	ck_assert(!storage_has_content(t, "is"));
	t = storages_find(&s, "tank");
	ck_assert(storage_flag(t, "sparse"));
	ck_assert(!storage_flag(t, "disable"));
	ck_assert(storage_has_content(t, "rootdir"));
	t = storages_find(&s, "xx");
	ck_assert_ptr_null(t->driver);
	ck_assert_ptr_null(storages_find(&s, "margin"));
	ck_assert_str_eq(storage_option(storages_find(&s, "big.one-2"), "path"), "/srv/a b");
}
END_TEST

START_TEST(changes_one_and_no_other)
{
	static const char before[] = "# all\ndir: aa\n\tpath /a\n\n# of bb\ndir: bb\n\tpath /b\n";
	auto_storages s = { 0 };
	auto_free char *text = NULL;
	struct storage *t;
	size_t n;

	ck_assert_int_eq(storages_parse(before, strlen(before), &s), 0);
	ck_assert_int_eq(storages_add(&s, "cc", "btrfs", &t), 0);
	ck_assert_int_eq(storage_set(t, "path", "/c"), 0);
	ck_assert_int_eq(storages_add(&s, "aa", "dir", NULL), -EEXIST);
	t = storages_find(&s, "aa");
	ck_assert_int_eq(storage_set(t, "shared", "1"), 0);
	ck_assert_int_eq(storage_set(t, "path", "/aa"), 0);
	ck_assert_int_eq(storage_set(t, "path", "/a\nb"), -EINVAL);
	ck_assert_int_eq(storage_set(t, "a path", "/a"), -EINVAL);
	ck_assert_int_eq(storage_set(t, "path", " /a"), -EINVAL);
	storages_remove(&s, "bb");
	ck_assert_int_eq(storages_write(&s, &text, &n), 0);
	ck_assert_str_eq(text, "# all\ndir: aa\n\tpath /aa\n\tshared 1\n\n# of bb\n"
			       "btrfs: cc\n\tpath /c\n");
}
END_TEST

START_TEST(knows_ids)
{
	static const char *const good[] = { "local", "a1", "big.one-2_x", "L0" }, *const bad[] = {
		"", "a", "1a", "-a", "a-", "a:b", "a b", "a/b", "a\n", ".a", "a."
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_msg(!storage_id_wrong(good[i]), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(storage_id_wrong(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(reads_names)
{
	static const struct {
		const char *name;
		unsigned owner, number;
		bool base, linked;
		enum volume_format format;
		const char *own;
	} good[] = {
		{ "100/vm-100-disk-0.raw", 100, 0, false, false, VOLUME_IMAGE, NULL },
		{ "100/subvol-100-disk-12.subvol", 100, 12, false, false, VOLUME_DIRECTORY, NULL },
		{ "100/subvol-100-disk-0", 100, 0, false, false, VOLUME_DIRECTORY, NULL },
		{ "101/a", 101, UINT_MAX, false, false, VOLUME_IMAGE, NULL },
		{ "100/base-100-disk-1.raw", 100, 1, true, false, VOLUME_IMAGE, NULL },
		{ "100/basevol-100-disk-1.subvol", 100, 1, true, false, VOLUME_DIRECTORY, NULL },
		{ "vm-100-disk-3", 100, 3, false, false, VOLUME_IMAGE, NULL },
		{ "subvol-100-disk-3", 100, 3, false, false, VOLUME_DIRECTORY, NULL },
		{ "100/base-100-disk-0.raw/101/vm-101-disk-0.raw", 101, 0, false, true,
		  VOLUME_IMAGE, "101/vm-101-disk-0.raw" },
		{ "base-100-disk-0/vm-101-disk-0", 101, 0, false, true, VOLUME_IMAGE,
		  "vm-101-disk-0" },
		{ "base/abc.subvol", 0, UINT_MAX, true, false, VOLUME_DIRECTORY, NULL },
		{ "base/abc.new", 0, UINT_MAX, false, false, VOLUME_DIRECTORY, NULL },
		{ "base/abc.subvol/101/subvol-101-disk-0.subvol", 101, 0, false, true,
		  VOLUME_DIRECTORY, "101/subvol-101-disk-0.subvol" },
		{ "100/subvol-100-disk-0.subvol.old", 100, UINT_MAX, false, false, VOLUME_DIRECTORY,
		  NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct volume_name v;
		const char *own = good[i].own ? good[i].own : good[i].name;

		ck_assert_msg(volume_name_read(good[i].name, &v) == 0, "%s", good[i].name);
		ck_assert_uint_eq(v.owner, good[i].owner);
		ck_assert_uint_eq(v.number, good[i].number);
		ck_assert_int_eq(v.base, good[i].base);
		ck_assert_int_eq(v.linked, good[i].linked);
		ck_assert_msg(v.format == good[i].format, "%s", good[i].name);
		ck_assert_str_eq(v.own, own);
	}
}
END_TEST

/* Whoever has written it into a conf: it leads nowhere else, and has one owner. */
START_TEST(refuses_names)
{
	static const char *const bad[] = {
		"",
		"100/",
		"100/../x",
		"100/.x",
		"100/a/b",
		"99/a",
		"100",
		"/etc",
		"/a",
		"100x/a",
		"1000000000000/a",
		"..",
		"a",
		"100/a b",
		"100/a\n",
		"100/-rf",
		"100/vm-101-disk-0.raw",
		"100/a@b",
		"100//a",
		"base/..",
		"base/",
		"base/a/b",
		"vm-99-disk-0",
		"-x-100-disk-0",
		"100/vm-100-disk-0.raw/101/vm-101-disk-0.raw",
		"100/../../101/vm-101-disk-0.raw",
		"100/a:b",
		"vm-100-disk-0/vm-101-disk-0",
		"100/a/b/c/d",
	};
	struct volume_name v;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(volume_name_read(bad[i], &v) == -EINVAL, "%s", bad[i]);
}
END_TEST

START_TEST(makes_names)
{
	auto_free char *a = volume_name_make(100, VOLUME_IMAGE, false, 3, true);
	auto_free char *b = volume_name_make(100, VOLUME_DIRECTORY, true, 0, true);
	auto_free char *c = volume_name_make(100, VOLUME_IMAGE, true, 0, false);

	ck_assert_str_eq(a, "100/vm-100-disk-3.raw");
	ck_assert_str_eq(b, "100/basevol-100-disk-0.subvol");
	ck_assert_str_eq(c, "base-100-disk-0");
}
END_TEST

START_TEST(tells_what_is_to_be_made)
{
	static const struct {
		const char *value;
		uint64_t bytes;
	} new[] = {
		{ "local:8", 8ull << 30 },     { "local:0.5,mp=/x", 512ull << 20 }, { "big:0", 0 },
		{ "local:0.000001", 1 << 20 }, { "volume=local:1", 1 << 30 },
	};
	static const char *const others[] = {
		"local:100/a", "/a", "8", "local:", ":8", "local:8x", "local:-1", "local:99999999"
	};
	auto_free char *storage = NULL;
	uint64_t bytes;

	for (size_t i = 0; i < ARRAY_LEN(new); i++) {
		auto_free char *id = NULL;

		ck_assert_msg(volume_is_new(new[i].value, &id, &bytes), "%s", new[i].value);
		ck_assert_uint_eq(bytes, new[i].bytes);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		ck_assert_msg(!volume_is_new(others[i], &storage, &bytes), "%s", others[i]);
	ck_assert(volume_is_request("8"));
	ck_assert(volume_is_request("local:8"));
	ck_assert(!volume_is_request("local:100/a"));
	ck_assert(volume_is_one("local:100/a"));
	ck_assert(!volume_is_one("/a:b"));
}
END_TEST

/* cmd_storage lists by itself what the drivers take. */
START_TEST(takes_what_the_drivers_take)
{
	for (size_t i = 0; i < n_drivers; i++)
		for (const struct option *o = drivers[i]->options; o && o->name; o++) {
			bool found = false;

			for (size_t j = 0; j < cmd_storage.n_options; j++)
				found |= strcmp(cmd_storage.options[j].name, o->name) == 0 &&
					 cmd_storage.options[j].type == o->type;
			ck_assert_msg(found, "%s: --%s", drivers[i]->type, o->name);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct storage");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_test(t, keeps_what_a_file_has);
	tcase_add_test(t, takes_other_blanks_and_ends);
	tcase_add_test(t, leaves_control_characters_out);
	tcase_add_test(t, reads_sections);
	tcase_add_test(t, changes_one_and_no_other);
	tcase_add_test(t, knows_ids);
	tcase_add_test(t, reads_names);
	tcase_add_test(t, refuses_names);
	tcase_add_test(t, makes_names);
	tcase_add_test(t, tells_what_is_to_be_made);
	tcase_add_test(t, takes_what_the_drivers_take);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
