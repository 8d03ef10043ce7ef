// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Backups: what archives are called, what is left out, notes, and what of a conf is taken back.
 */
#include <check.h>
#undef fail /* ours is another one */
#include <linux/capability.h>

#include "pct/backup/conf.h"
#include "pct/backup/exclude.h"
#include "pct/backup/name.h"
#include "pct/backup/notes.h"
#include "pct/backup/pack.h"
#include "pct/backup/repository.h"
#include "pct/backup/restore-conf.h"
#include "pct/storage/volume.h"

static const struct {
	const char *name;
	bool is;
	unsigned vmid;
	const char *suffix;
} names[] = {
	{ "vzdump-lxc-100-2026_01_31-23_59_59.tar", true, 100, ".tar" },
	{ "vzdump-lxc-999999999-2026_01_31-23_59_59.tar.zst", true, 999999999, ".tar.zst" },
	{ "vzdump-lxc-100-2026_01_31-23_59_59.tar.lzo", true, 100, ".tar.lzo" },
	{ "vzdump-lxc-100-2026_01_31-23_59_59.tgz", true, 100, ".tgz" },
	{ "vzdump-lxc-100-2026_01_31-23_59_59.dat", false, 0, NULL },
	{ "vzdump-lxc-100-2026_01_31-23_59_59.tar.zst.notes", false, 0, NULL },
	{ "vzdump-lxc-100-2026_13_31-23_59_59.tar", false, 0, NULL },
	{ "vzdump-lxc-100-2026_01_31-24_59_59.tar", false, 0, NULL },
	{ "vzdump-lxc-100-2026_1_31-23_59_59.tar", false, 0, NULL },
	{ "vzdump-lxc-99-2026_01_31-23_59_59.tar", false, 0, NULL },
	{ "vzdump-lxc-0100-2026_01_31-23_59_59.tar", false, 0, NULL },
	{ "vzdump-lxc-1000000000000000000000-2026_01_31-23_59_59.tar", false, 0, NULL },
	{ "vzdump-qemu-100-2026_01_31-23_59_59.vma", false, 0, NULL },
	{ "vzdump-lxc-100-", false, 0, NULL },
	{ "vzdump-lxc-", false, 0, NULL },
	{ "", false, 0, NULL },
};

START_TEST(knows_archives_by_their_names)
{
	struct backup_name n;
	int r = backup_name_parse(names[_i].name, &n);

	ck_assert_int_eq(r == 0, names[_i].is);
	if (r < 0)
		return;
	ck_assert_uint_eq(n.vmid, names[_i].vmid);
	ck_assert_str_eq(n.suffix, names[_i].suffix);
}
END_TEST

START_TEST(a_name_that_is_made_is_read_back)
{
	const time_t times[] = { 1, 1700000000, 1790000000, 4102444800 };

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		auto_free char *stem = backup_name_make(4711, times[i]);
		auto_free char *name = NULL;
		struct backup_name n;

		ck_assert_int_gt(asprintf(&name, "%s.tar.zst", stem), 0);
		ck_assert_int_eq(backup_name_parse(name, &n), 0);
		ck_assert_int_eq(n.when, times[i]);
	}
}
END_TEST

static const struct {
	const char *pattern; /* NULL: only those that are always */
	bool standard;
	const char *path;
	bool out;
} paths[] = {
	{ NULL, true, "/tmp/x", true },	       { NULL, true, "/tmp/.x", true },
	{ NULL, true, "/tmp", false },	       { NULL, true, "/tmp/", false },
	{ NULL, true, "/var/tmp/x", true },    { NULL, true, "/var/run/a.pid", true },
	{ NULL, true, "/srv/tmp/x", false },   { NULL, false, "/tmp/x", false },
	{ "/srv/a", false, "/srv/a", true },   { "/srv/a/", false, "/srv/a", true },
	{ "/srv/a", false, "/srv/ab", false }, { "/srv/a", false, "/x/srv/a", false },
	{ "/srv/*", false, "/srv/a/b", true }, { "*.log", false, "/a/b.log", true },
	{ "b", false, "/a/b", true },	       { "b", false, "/b/a", false },
	{ "a/b", false, "/x/a/b", true },      { "", false, "/a", false },
	{ "/", false, "/a", false },
};

START_TEST(leaves_out_what_is_excluded)
{
	const char *const patterns[] = { paths[_i].pattern, NULL };
	const struct excludes x = { patterns, paths[_i].standard };

	ck_assert_int_eq(excluded(&x, paths[_i].path), paths[_i].out);
}
END_TEST

static const struct {
	const char *from, *to; /* NULL: refused */
} notes[] = {
	{ "", "\n" },
	{ "plain", "plain\n" },
	{ "{{guestname}} {{ vmid }} of {{node}}{{cluster}}", "web 100 of host\n" },
	{ "a\\nb\\\\n", "a\nb\\n\n" },
	{ "{{", "{{\n" },
	{ "{{vmid", "{{vmid\n" },
	{ "{{nothing}}", NULL },
	{ "{{}}", NULL },
	{ "{{guestname }}", "web\n" },
};

START_TEST(makes_notes_of_a_template)
{
	const struct notes n = { "web", "host", NULL, 100 };
	auto_free char *text = NULL;
	char why[OPTION_WHY];
	int r = notes_make(notes[_i].from, &n, &text, why);

	ck_assert_int_eq(r == 0, notes[_i].to != NULL);
	if (r == 0)
		ck_assert_str_eq(text, notes[_i].to);
}
END_TEST

static const char written[] = "# a note\n"
			      "cores: 2\n"
			      "dev0: /dev/fuse\n"
			      "hookscript: /bin/evil\n"
			      "hostname: web\n"
			      "lock: backup\n"
			      "memory: 512\n"
			      "mp0: local:100/vm-100-disk-1.raw,mp=/data,size=1G\n"
			      "mp1: /etc,mp=/etc2\n"
			      "nonsense: 1\n"
			      "parent: before\n"
			      "rootfs: local:100/vm-100-disk-0.raw,size=2G\n"
			      "swap: -3\n"
			      "unprivileged: 1\n"
			      "unused0: local:100/vm-100-disk-2.raw\n"
			      "lxc.cap.drop: sys_admin\n"
			      "\n"
			      "[before]\n"
			      "memory: 1\n";

static void read_back(bool host, struct config *c, struct dropped *d)
{
	ck_assert_int_eq(backup_conf_read(written, sizeof(written) - 1, host, c, d), 0);
	ck_assert_uint_eq(c->n, 1);
	ck_assert_ptr_null(config_get(c, "lock"));
	ck_assert_ptr_null(config_get(c, "parent"));
	ck_assert_ptr_null(config_get(c, "unused0"));
	ck_assert_ptr_null(config_get(c, "swap"));
	ck_assert_ptr_null(config_get(c, "nonsense"));
	ck_assert_str_eq(config_get(c, "cores"), "2");
	ck_assert_str_eq(config_get(c, "memory"), "512");
	ck_assert_str_eq(config_get(c, "description"), " a note\n");
	ck_assert_ptr_nonnull(config_get(c, "mp0"));
	ck_assert_str_eq(d->unknown, "nonsense, swap");
}

START_TEST(takes_nothing_that_reaches_the_host)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_dropped d = { 0 };

	read_back(false, &c, &d);
	ck_assert_ptr_null(config_get(&c, "mp1"));
	ck_assert_ptr_null(config_get(&c, "dev0"));
	ck_assert_ptr_null(config_get(&c, "hookscript"));
	ck_assert_ptr_null(config_get(&c, "lxc.cap.drop"));
	ck_assert_str_eq(d.host, "dev0, hookscript, mp1, lxc.cap.drop");
}
END_TEST

START_TEST(takes_all_of_a_trusted_one)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_dropped d = { 0 };

	read_back(true, &c, &d);
	ck_assert_str_eq(config_get(&c, "mp1"), "/etc,mp=/etc2");
	ck_assert_str_eq(config_get(&c, "hookscript"), "/bin/evil");
	ck_assert_str_eq(config_get(&c, "lxc.cap.drop"), "sys_admin");
	ck_assert_ptr_null(d.host);
}
END_TEST

START_TEST(a_backup_has_the_conf_without_its_moment)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *text = NULL;

	ck_assert_int_eq(config_parse(written, sizeof(written) - 1, &c, NULL), 0);
	ck_assert_int_eq(backup_conf_write(&c, &text), 0);
	ck_assert_ptr_null(strstr(text, "lock:"));
	ck_assert_ptr_null(strstr(text, "parent:"));
	ck_assert_ptr_null(strstr(text, "[before]"));
	ck_assert_ptr_nonnull(strstr(text, "hookscript: /bin/evil\n"));
	/* And the container's own is as it was. */
	ck_assert_str_eq(config_get(&c, "lock"), "backup");
	ck_assert_uint_eq(c.n, 2);
}
END_TEST

static const uint64_t sizes[] = {
	0, 1, 4096, 1 << 20, 3 << 20, 1537ull << 20, 8ull << 30, (5ull << 40) + (7 << 20)
};

START_TEST(a_volume_is_made_no_smaller_than_it_was)
{
	auto_free char *value = restore_volume("local", sizes[_i]), *storage = NULL;
	uint64_t bytes;

	ck_assert(volume_is_new(value, &storage, &bytes));
	ck_assert_str_eq(storage, "local");
	ck_assert_uint_ge(bytes, sizes[_i]);
	ck_assert_uint_lt(bytes, sizes[_i] + (1 << 20));
}
END_TEST

static const struct idmap shifted = { 2, { { 'u', 0, 100000, 65536 }, { 'g', 0, 100000, 65536 } } };
static const struct idmap unshifted = { 0 };

static struct vfs_ns_cap_data capability(uint32_t version, uint32_t root)
{
	struct vfs_ns_cap_data c = { .magic_etc = version | 1, .rootid = root };

	c.data[0].permitted = 0x2000;
	return c;
}

START_TEST(capabilities_are_as_the_container_reads_them)
{
	struct vfs_ns_cap_data c = capability(VFS_CAP_REVISION_3, 100000), out;
	unsigned char to[24];

	ck_assert_uint_eq(capability_inside(&c, 24, &shifted, to), 20);
	memcpy(&out, to, 20);
	ck_assert_uint_eq(out.magic_etc, VFS_CAP_REVISION_2 | 1);
	ck_assert_uint_eq(out.data[0].permitted, 0x2000);
	/* Of a container within it. */
	c = capability(VFS_CAP_REVISION_3, 101000);
	ck_assert_uint_eq(capability_inside(&c, 24, &shifted, to), 24);
	memcpy(&out, to, 24);
	ck_assert_uint_eq(out.rootid, 1000);
	/* The host's, or somebody else's: not its own. */
	c = capability(VFS_CAP_REVISION_2, 0);
	ck_assert_uint_eq(capability_inside(&c, 20, &shifted, to), 0);
	c = capability(VFS_CAP_REVISION_3, 300000);
	ck_assert_uint_eq(capability_inside(&c, 24, &shifted, to), 0);
	/* On the disk as they are inside. */
	c = capability(VFS_CAP_REVISION_2, 0);
	ck_assert_uint_eq(capability_inside(&c, 20, &unshifted, to), 20);
	ck_assert_uint_eq(capability_inside(&c, 19, &unshifted, to), 0);
	c = capability(VFS_CAP_REVISION_1, 0);
	ck_assert_uint_eq(capability_inside(&c, 20, &unshifted, to), 0);
}
END_TEST

START_TEST(ids_lead_back_inside)
{
	ck_assert_uint_eq(idmap_inside(&shifted, 'u', 100033), 33);
	ck_assert_uint_eq(idmap_inside(&shifted, 'g', 165535), 65535);
	ck_assert_uint_eq(idmap_inside(&shifted, 'u', 165536), IDMAP_NONE);
	ck_assert_uint_eq(idmap_inside(&shifted, 'u', 0), IDMAP_NONE);
	ck_assert_uint_eq(idmap_inside(&unshifted, 'u', 4711), 4711);
}
END_TEST

START_TEST(repositories_have_a_kind_and_a_path)
{
	ck_assert_ptr_null(form_repository("restic:/srv/r"));
	ck_assert_ptr_null(form_repository("borg:host:repo"));
	ck_assert_ptr_nonnull(form_repository("borg:"));
	ck_assert_ptr_nonnull(form_repository("tape:/dev/st0"));
	ck_assert_ptr_nonnull(form_repository("/srv/r"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct-backup");
	TCase *c = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(c, knows_archives_by_their_names, 0, ARRAY_LEN(names));
	tcase_add_test(c, a_name_that_is_made_is_read_back);
	tcase_add_loop_test(c, leaves_out_what_is_excluded, 0, ARRAY_LEN(paths));
	tcase_add_loop_test(c, makes_notes_of_a_template, 0, ARRAY_LEN(notes));
	tcase_add_test(c, takes_nothing_that_reaches_the_host);
	tcase_add_test(c, takes_all_of_a_trusted_one);
	tcase_add_test(c, a_backup_has_the_conf_without_its_moment);
	tcase_add_loop_test(c, a_volume_is_made_no_smaller_than_it_was, 0, ARRAY_LEN(sizes));
	tcase_add_test(c, capabilities_are_as_the_container_reads_them);
	tcase_add_test(c, ids_lead_back_inside);
	tcase_add_test(c, repositories_have_a_kind_and_a_path);
	suite_add_tcase(s, c);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
