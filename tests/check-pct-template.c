// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Templates: which entries of a tar are taken, what becomes of their ids, and that a root file
 * system is removed without leaving it.
 */
#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#undef fail /* ours is another one */
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/base.h"
#include "pct/ct/lxcconf.h"
#include "pct/paths.h"
#include "pct/root/template.h"
#include "pct/root/tree.h"
#include "pct/root/unpack.h"

static const struct target unprivileged = { .root = -EBADF,
					    .shift = IDMAP_FIRST,
					    .unprivileged = true };
static const struct target privileged = { .root = -EBADF };

static const struct {
	const char *path;
	bool taken;
} paths[] = {
	{ "a", true },		{ "./a", true },   { "a/b", true },	{ "a//b", true },
	{ "a/..b", true },	{ "a/b..", true }, { "...", true },	{ "./", true },
	{ ".", true },		{ "a/.", true },   { "", false },	{ "/", false },
	{ "/etc/x", false },	{ "//a", false },  { "..", false },	{ "../a", false },
	{ "a/../../b", false }, { "a/..", false }, { "./../a", false }, { "a/../b", false },
};

START_TEST(takes_only_paths_that_stay_below_the_root)
{
	ck_assert_int_eq(unpack_path_wrong(paths[_i].path) == NULL, paths[_i].taken);
}
END_TEST

START_TEST(refuses_a_path_longer_than_any_file_has)
{
	char path[PATH_MAX + 2];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_ptr_nonnull(unpack_path_wrong(path));
	ck_assert_ptr_nonnull(unpack_path_wrong(NULL));
}
END_TEST

static const struct {
	int64_t uid, gid;
	bool in_user, in_root; /* taken: unprivileged, privileged */
} ids[] = {
	{ 0, 0, true, true },
	{ 65535, 65535, true, true },
	{ 65536, 0, false, true },
	{ 0, 65536, false, true },
	{ -1, 0, false, false },
	{ 0, -1, false, false },
	{ UINT32_MAX, 0, false, false },
	{ 1ll << 32, 0, false, false },
	{ -99999, 0, false, false },
};

START_TEST(shifts_ids_into_the_containers_range_or_refuses)
{
	struct archive_entry *e = archive_entry_new();
	struct left_out left = { 0 };

	archive_entry_set_uid(e, ids[_i].uid);
	archive_entry_set_gid(e, ids[_i].gid);
	ck_assert_int_eq(entry_shift(e, &privileged, &left) == NULL, ids[_i].in_root);
	if (ids[_i].in_root)
		ck_assert_int_eq(archive_entry_uid(e), ids[_i].uid);
	ck_assert_int_eq(entry_shift(e, &unprivileged, &left) == NULL, ids[_i].in_user);
	if (ids[_i].in_user) {
		ck_assert_int_eq(archive_entry_uid(e), ids[_i].uid + 100000);
		ck_assert_int_eq(archive_entry_gid(e), ids[_i].gid + 100000);
	}
	archive_entry_free(e);
}
END_TEST

START_TEST(shifts_the_ids_in_acls_and_leaves_out_bare_names)
{
	struct archive_entry *e = archive_entry_new();
	int type, permset, tag, qual, seen = 0;
	struct left_out left = { 0 };
	const char *name;
	const int access_acl = ARCHIVE_ENTRY_ACL_TYPE_ACCESS;

	archive_entry_set_mode(e, AE_IFREG | 0644);
	archive_entry_acl_add_entry(e, access_acl, 4, ARCHIVE_ENTRY_ACL_USER, 7, NULL);
	archive_entry_acl_add_entry(e, access_acl, 4, ARCHIVE_ENTRY_ACL_GROUP, 8, NULL);
	archive_entry_acl_add_entry(e, access_acl, 4, ARCHIVE_ENTRY_ACL_GROUP, -1, "adm");
	archive_entry_acl_add_entry(e, access_acl, 7, ARCHIVE_ENTRY_ACL_MASK, -1, NULL);
	ck_assert_ptr_null(entry_shift(e, &unprivileged, &left));
	ck_assert_uint_eq(left.attributes, 1);
	archive_entry_acl_reset(e, access_acl);
	while (archive_entry_acl_next(e, access_acl, &type, &permset, &tag, &qual, &name) == 0) {
		if (tag == ARCHIVE_ENTRY_ACL_USER)
			ck_assert_int_eq(qual, 100007);
		else if (tag == ARCHIVE_ENTRY_ACL_GROUP)
			ck_assert_int_eq(qual, 100008);
		else
			continue;
		seen++;
	}
	ck_assert_int_eq(seen, 2);
	archive_entry_free(e);
}
END_TEST

START_TEST(refuses_an_acl_for_an_id_out_of_range)
{
	struct archive_entry *e = archive_entry_new();
	struct left_out left = { 0 };

	archive_entry_acl_add_entry(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, 4, ARCHIVE_ENTRY_ACL_USER,
				    65536, NULL);
	ck_assert_ptr_nonnull(entry_shift(e, &unprivileged, &left));
	archive_entry_free(e);
}
END_TEST

/* Unshifted on the disk: the mount says whose root it is. What is root's stays so. */
START_TEST(leaves_file_capabilities_of_unshifted_files_as_they_are)
{
	static const struct target unshifted = { .root = -EBADF, .unprivileged = true };
	struct vfs_ns_cap_data cap = { .magic_etc = VFS_CAP_REVISION_2,
				       .data = { { 1 << 13, 0 } } };
	struct left_out left = { 0 };
	const void *value;
	const char *name;
	size_t n;

	for (int version = 2; version <= 3; version++) {
		struct archive_entry *e = archive_entry_new();

		cap.magic_etc = version == 2 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3;
		cap.rootid = version == 2 ? 0 : 7;
		n = version == 2 ? XATTR_CAPS_SZ_2 : XATTR_CAPS_SZ_3;
		archive_entry_set_mode(e, AE_IFREG | 0755);
		archive_entry_set_uid(e, 5);
		archive_entry_set_gid(e, 6);
		archive_entry_xattr_add_entry(e, "security.capability", &cap, n);
		ck_assert_ptr_null(entry_shift(e, &unshifted, &left));
		ck_assert_int_eq(archive_entry_uid(e), 5);
		ck_assert_int_eq(archive_entry_xattr_reset(e), 1);
		archive_entry_xattr_next(e, &name, &value, &n);
		ck_assert_uint_eq(n, version == 2 ? XATTR_CAPS_SZ_2 : XATTR_CAPS_SZ_3);
		ck_assert_mem_eq(value, &cap, n);
		/* Nor does one of an id above the container's range get in. */
		archive_entry_set_uid(e, 65536);
		ck_assert_ptr_nonnull(entry_shift(e, &unshifted, &left));
		archive_entry_free(e);
	}
	ck_assert_uint_eq(left.attributes, 0);
}
END_TEST

START_TEST(makes_file_capabilities_the_containers_own)
{
	struct vfs_ns_cap_data cap = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
				       .data = { { 1 << 13, 0 } } };
	struct vfs_ns_cap_data made;
	unsigned char to[24];

	ck_assert_uint_eq(capability_shift(&cap, 20, 100000, to), 24);
	memcpy(&made, to, sizeof(made));
	ck_assert_uint_eq(made.magic_etc, VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE);
	ck_assert_uint_eq(made.rootid, 100000);
	ck_assert_uint_eq(made.data[0].permitted, 1 << 13);

	cap.magic_etc = VFS_CAP_REVISION_3;
	cap.rootid = 5;
	ck_assert_uint_eq(capability_shift(&cap, 24, 100000, to), 24);
	memcpy(&made, to, sizeof(made));
	ck_assert_uint_eq(made.rootid, 100005);

	cap.rootid = 65536;
	ck_assert_uint_eq(capability_shift(&cap, 24, 100000, to), 0);
	ck_assert_uint_eq(capability_shift(&cap, 20, 100000, to), 0);
	ck_assert_uint_eq(capability_shift(&cap, 12, 100000, to), 0);
	ck_assert_uint_eq(capability_shift(&cap, 0, 100000, to), 0);
}
END_TEST

START_TEST(keeps_only_the_attributes_a_container_may_have)
{
	struct archive_entry *e = archive_entry_new();
	struct left_out left = { 0 };
	const char *name;
	const void *value;
	size_t n;

	archive_entry_xattr_add_entry(e, "trusted.overlay.opaque", "y", 1);
	archive_entry_xattr_add_entry(e, "user.note", "hi", 2);
	archive_entry_xattr_add_entry(e, "security.selinux", "x", 1);
	archive_entry_xattr_add_entry(e, "security.capability", "short", 5);
	ck_assert_ptr_null(entry_shift(e, &unprivileged, &left));
	ck_assert_uint_eq(left.attributes, 3);
	ck_assert_int_eq(archive_entry_xattr_reset(e), 1);
	ck_assert_int_eq(archive_entry_xattr_next(e, &name, &value, &n), 0);
	ck_assert_str_eq(name, "user.note");
	archive_entry_free(e);
}
END_TEST

/* ---- whole archives: all of them refused before anything is written ---- */

static char dir[64];

static void setup(void)
{
	strcpy(dir, "/tmp/check-pct-template.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	ck_assert_int_eq(tree_remove(dir), 0);
}

static const struct {
	const char *path, *hardlink;
	mode_t type;
} hostile[] = {
	{ "../evil", NULL, AE_IFREG },	    { "/tmp/evil", NULL, AE_IFREG },
	{ "a/../../evil", NULL, AE_IFREG }, { "link", "../etc/passwd", 0 },
	{ "link", "/etc/passwd", 0 },	    { ".", NULL, AE_IFREG },
	{ "./", NULL, AE_IFLNK },	    { ".", "x", 0 },
};

static int tar_of(const char *path, const char *hardlink, mode_t type)
{
	auto_free char *tar = text_of("%s.tar", dir);
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	int fd;

	archive_write_set_format_pax_restricted(a);
	archive_write_open_filename(a, tar);
	archive_entry_set_pathname(e, path);
	if (hardlink)
		archive_entry_set_hardlink(e, hardlink);
	else
		archive_entry_set_mode(e, type | 0644);
	if (type == AE_IFLNK)
		archive_entry_set_symlink(e, "/etc");
	if (type == AE_IFCHR)
		archive_entry_set_rdev(e, makedev(1, 3));
	archive_entry_set_uid(e, getuid() % 65536);
	archive_entry_set_gid(e, getgid() % 65536);
	ck_assert_int_eq(archive_write_header(a, e), ARCHIVE_OK);
	archive_entry_free(e);
	archive_write_free(a);
	fd = open(tar, O_RDONLY | O_CLOEXEC);
	unlink(tar);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static int unpack_into_dir(int tar)
{
	auto_fd root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct target t = { .root = root, .unprivileged = true };

	return unpack("test.tar", tar, &t);
}

START_TEST(refuses_a_tar_that_leads_out_of_the_root)
{
	auto_fd tar = tar_of(hostile[_i].path, hostile[_i].hardlink, hostile[_i].type);

	ck_assert_int_eq(unpack_into_dir(tar), -EPERM);
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
}
END_TEST

START_TEST(leaves_out_a_device_of_an_unprivileged_container)
{
	auto_fd tar = tar_of("null", NULL, AE_IFCHR);

	ck_assert_int_eq(unpack_into_dir(tar), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
}
END_TEST

START_TEST(refuses_what_is_no_tar)
{
	static const char *const texts[] = { "", "hello", "\x1f\x8b\x08garbage", "\3757zXZ" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		auto_free char *path = text_of("%s/file", dir);
		auto_fd fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		unlink(path);
		ck_assert_int_eq(write(fd, texts[i], strlen(texts[i])), (int)strlen(texts[i]));
		lseek(fd, 0, SEEK_SET);
		ck_assert_int_eq(unpack_into_dir(fd), -EBADMSG);
	}
}
END_TEST

START_TEST(looks_into_a_root_without_leaving_it)
{
	struct inside in;
	auto_fd root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd fd = -EBADF;

	/* A link to the host's own program, and to one of the root's. */
	ck_assert_int_eq(mkdirat(root, "sbin", 0755), 0);
	ck_assert_int_eq(symlinkat("/bin/true", root, "sbin/init"), 0);
	ck_assert_int_eq(symlinkat("../../../etc/os-release", root, "etc"), 0);
	ck_assert_int_eq(inside_look(root, &in), 0);
	ck_assert_str_eq(in.init, "");
	ck_assert_str_eq(in.ostype, "unmanaged");

	ck_assert_int_eq(unlinkat(root, "etc", 0), 0);
	ck_assert_int_eq(mkdirat(root, "bin", 0755), 0);
	ck_assert_int_eq(mkdirat(root, "etc", 0755), 0);
	fd = openat(root, "bin/true", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ck_assert_int_ge(fd, 0);
	close_fd(&fd);
	fd = openat(root, "etc/os-release", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_eq(write(fd, "NAME=x\nID=\"debian\"\n", 19), 19);
	ck_assert_int_eq(inside_look(root, &in), 0);
	ck_assert_str_eq(in.init, "/sbin/init");
	ck_assert_str_eq(in.ostype, "debian");
	ck_assert_ptr_null(in.arch);
}
END_TEST

/* The kernel gives up on ".." then, and says "try again". */
START_TEST(looks_again_while_somebody_renames)
{
	auto_fd root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd fd = -EBADF;
	unsigned missed = 0;
	pid_t pid;

	ck_assert_int_eq(mkdirat(root, "sbin", 0755), 0);
	ck_assert_int_eq(mkdirat(root, "bin", 0755), 0);
	ck_assert_int_eq(symlinkat("../bin/true", root, "sbin/init"), 0);
	fd = openat(root, "bin/true", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ck_assert_int_ge(fd, 0);
	pid = fork();
	if (pid == 0) {
		ck_assert_int_eq(mkdirat(root, "a", 0755), 0);
		for (;;)
			(void)(renameat(root, "a", root, "b") || renameat(root, "b", root, "a"));
	}
	for (int i = 0; i < 20000 && !missed; i++)
		missed += !inside_has_program(root, "/sbin/init");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_uint_eq(missed, 0);
}
END_TEST

START_TEST(finds_templates_and_says_when_there_is_none)
{
	auto_source row = SOURCE_NONE, file = SOURCE_NONE, none = SOURCE_NONE;

	ck_assert_int_eq(source_open("builtin:busybox", &row), 0);
	ck_assert_ptr_eq(row.row, &templates[0]);
	ck_assert_int_eq(source_open("/proc/self/exe", &file), 0);
	ck_assert_ptr_null(file.row);
	ck_assert_int_eq(source_open("builtin:none", &none), -ENOENT);
	ck_assert_int_eq(source_open("/nowhere/at.all", &none), -ENOENT);
	ck_assert_int_eq(source_open("/", &none), -EINVAL);
	ck_assert_int_eq(source_open("/dev/null", &none), -EINVAL);
	ck_assert_int_eq(source_open("", &none), -ENOENT);
}
END_TEST

START_TEST(reads_what_kind_of_program_a_file_is)
{
	auto_fd exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	auto_fd text = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct elf elf;

	ck_assert_int_eq(elf_read(exe, &elf), 0);
	ck_assert(!elf.is_static);
	ck_assert_ptr_nonnull(elf.arch);
	ck_assert_int_eq(elf_read(text, &elf), -ENOEXEC);
}
END_TEST

START_TEST(removes_a_tree_and_nothing_a_link_in_it_names)
{
	auto_free char *tree = text_of("%s/tree", dir), *kept = text_of("%s/kept", dir);
	auto_free char *link = text_of("%s/tree/link", dir);
	auto_free char *file = text_of("%s/kept/file", dir);

	ck_assert_int_eq(mkdir(tree, 0755), 0);
	ck_assert_int_eq(mkdir(kept, 0755), 0);
	close(open(file, O_WRONLY | O_CREAT, 0600));
	ck_assert_int_eq(symlink(kept, link), 0);
	ck_assert_int_eq(tree_remove(tree), 0);
	ck_assert_int_eq(access(tree, F_OK), -1);
	ck_assert_int_eq(access(file, F_OK), 0);
	ck_assert_int_eq(tree_remove(tree), 0);

	/* Nor what it is a link to itself. */
	ck_assert_int_eq(symlink(kept, tree), 0);
	ck_assert_int_lt(tree_remove(tree), 0);
	ck_assert_int_eq(access(file, F_OK), 0);
}
END_TEST

START_TEST(removes_a_tree_deeper_than_there_are_files_to_open)
{
	auto_free char *tree = text_of("%s/deep", dir);
	int at;

	ck_assert_int_eq(mkdir(tree, 0755), 0);
	at = open(tree, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 5000; i++) {
		int next;

		ck_assert_int_eq(mkdirat(at, "d", 0755), 0);
		close(openat(at, "f", O_WRONLY | O_CREAT, 0600));
		next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		close(at);
		at = next;
	}
	close(at);
	ck_assert_int_eq(tree_remove(tree), 0);
	ck_assert_int_eq(access(tree, F_OK), -1);
}
END_TEST

static TCase *pure(void)
{
	TCase *t = tcase_create("entries");

	tcase_add_loop_test(t, takes_only_paths_that_stay_below_the_root, 0, ARRAY_LEN(paths));
	tcase_add_test(t, refuses_a_path_longer_than_any_file_has);
	tcase_add_loop_test(t, shifts_ids_into_the_containers_range_or_refuses, 0, ARRAY_LEN(ids));
	tcase_add_test(t, shifts_the_ids_in_acls_and_leaves_out_bare_names);
	tcase_add_test(t, refuses_an_acl_for_an_id_out_of_range);
	tcase_add_test(t, leaves_file_capabilities_of_unshifted_files_as_they_are);
	tcase_add_test(t, makes_file_capabilities_the_containers_own);
	tcase_add_test(t, keeps_only_the_attributes_a_container_may_have);
	tcase_add_test(t, finds_templates_and_says_when_there_is_none);
	tcase_add_test(t, reads_what_kind_of_program_a_file_is);
	return t;
}

static TCase *files(void)
{
	TCase *t = tcase_create("files");

	tcase_set_timeout(t, 60); /* ten thousands of files, on a machine that may be busy */
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, refuses_a_tar_that_leads_out_of_the_root, 0, ARRAY_LEN(hostile));
	tcase_add_test(t, leaves_out_a_device_of_an_unprivileged_container);
	tcase_add_test(t, refuses_what_is_no_tar);
	tcase_add_test(t, looks_into_a_root_without_leaving_it);
	tcase_add_test(t, looks_again_while_somebody_renames);
	tcase_add_test(t, removes_a_tree_and_nothing_a_link_in_it_names);
	tcase_add_test(t, removes_a_tree_deeper_than_there_are_files_to_open);
	return t;
}

int main(void)
{
	Suite *s = suite_create("pct template");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, pure());
	suite_add_tcase(s, files());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
