// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Guest set-up: every tree of tests/guest with every config there, at a start and when it is made,
 * against tests/golden/guest/TREE-CONFIG: what is another then, and how; a second time nothing is.
 * And roots of somebody who means harm. GOLDEN=write writes the files anew.
 */
#include "tests/fixture.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

#include "base/base.h"
#include "pct/guest/guest.h"
#include "pct/paths.h"

#define TREES  "tests/guest"
#define GOLDEN "tests/golden/guest"

static glob_t trees, confs;

static char *text_at(int at, const char *path)
{
	auto_fd fd = openat(at, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	char *text = calloc(1, 1 << 20);

	ck_assert_ptr_nonnull(text);
	if (fd >= 0)
		ck_assert_int_ge(read(fd, text, (1 << 20) - 1), 0);
	return text;
}

static void link_at(int at, const char *path, char out[PATH_MAX])
{
	ssize_t n = readlinkat(at, path, out, PATH_MAX - 1);

	out[n < 0 ? 0 : n] = '\0';
}

/* What became of a path that was in @was or is in @is. */
static void put_path(int was, int is, const char *path, FILE *out)
{
	auto_free char *before = NULL, *after = NULL;
	char link_was[PATH_MAX], link_is[PATH_MAX];
	struct stat a = { 0 }, b = { 0 };
	bool had = fstatat(was, path, &a, AT_SYMLINK_NOFOLLOW) == 0;

	if (fstatat(is, path, &b, AT_SYMLINK_NOFOLLOW) < 0) {
		fprintf(out, "== %s is gone\n", path);
		return;
	}
	link_at(was, path, link_was);
	link_at(is, path, link_is);
	if (*link_is && strcmp(link_was, link_is) != 0)
		fprintf(out, "== %s -> %s\n", path, link_is);
	if (*link_is || S_ISDIR(b.st_mode))
		return;
	before = text_at(was, path);
	after = text_at(is, path);
	if (had && !*link_was && strcmp(before, after) == 0)
		return;
	fprintf(out, "== %s", path);
	if (!had)
		fprintf(out, " %04o", b.st_mode & 07777);
	fprintf(out, "\n%s%s", after,
		*after && after[strlen(after) - 1] != '\n' ? "(no end of line)\n" : "");
}

/* Of all paths of both trees. */
static char *differences(const char *was, const char *is)
{
	auto_free char *command =
	    text_of("{ (cd %s && find . -mindepth 1); (cd %s && find . -mindepth "
		    "1); } | cut -c3- | LC_ALL=C sort -u",
		    was, is);
	auto_fd was_fd = open(was, O_RDONLY | O_DIRECTORY),
		is_fd = open(is, O_RDONLY | O_DIRECTORY);
	auto_free char *line = NULL;
	FILE *list = popen(command, "r"), *out;
	size_t size = 0, n;
	char *text = NULL;

	out = open_memstream(&text, &n);
	while (getline(&line, &size, list) > 0) {
		line[strcspn(line, "\n")] = '\0';
		put_path(was_fd, is_fd, line, out);
	}
	ck_assert_int_eq(pclose(list), 0);
	fclose(out);
	return text;
}

static void set_up(const char *dir, const char *conf, enum guest_moment when,
		   struct guest_done *out)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *text = text_at(AT_FDCWD, conf);
	auto_fd root = open(dir, O_RDONLY | O_DIRECTORY);
	struct guest_job job = { .who = "CT 100",
				 .vmid = 100,
				 .root = root,
				 .config = &c,
				 .when = when,
				 .parts = GUEST_ALL,
				 .host_dns = "nameserver 192.0.2.1\n" };

	if (when == GUEST_CREATE) {
		job.password = "$6$abcdefghijklmnop$not.really.a.hash";
		job.keys = "ssh-ed25519 AAAA me@here\n";
	}
	ck_assert_int_eq(config_parse(text, strlen(text), &c, NULL), 0);
	guest_setup(&job, out);
}

/* Today is in /etc/shadow. */
static void hide_day(char *text)
{
	auto_free char *day = text_of(":%ld:", (long)(time(NULL) / 86400));

	for (char *p = text; (p = strstr(p, day)); p++)
		memset(p + 1, 'D', strlen(day) - 2);
}

static void compare(const char *name, const char *text)
{
	auto_free char *path = text_of(GOLDEN "/%s", name);
	auto_free char *wanted = NULL;

	if (getenv("GOLDEN") && strcmp(getenv("GOLDEN"), "write") == 0) {
		FILE *f = fopen(path, "w");

		ck_assert_msg(f != NULL, "%s", path);
		fputs(text, f);
		fclose(f);
		return;
	}
	wanted = text_at(AT_FDCWD, path);
	ck_assert_msg(strcmp(text, wanted) == 0, "%s is:\n%s\nand was to be:\n%s", name, text,
		      wanted);
}

static void try(const char *dir, const char *conf, enum guest_moment when, const char *end)
{
	auto_free char *tree = text_of("%.*s", (int)strlen(dir) - 1, dir);
	const char *base = strrchr(conf, '/') + 1;
	auto_free char *name =
	    text_of("%s-%.*s%s", strrchr(tree, '/') + 1, (int)(strlen(base) - 5), base, end);
	auto_free char *text = NULL, *again = NULL;
	struct guest_done done;
	struct tmp t;

	tmp_make(&t);
	tmp_copy(&t, tree);
	set_up(t.dir, conf, when, &done);
	ck_assert_uint_eq(done.failed, 0);
	text = differences(tree, t.dir);
	hide_day(text);
	compare(name, text);
	set_up(t.dir, conf, GUEST_START, &done);
	ck_assert_uint_eq(done.failed, 0);
	ck_assert_msg(done.changed == 0, "%s: %zu files were another the second time", name,
		      done.changed);
	again = differences(tree, t.dir);
	hide_day(again);
	ck_assert_str_eq(again, text);
	tmp_remove(&t);
}

START_TEST(a_tree_becomes_what_the_golden_file_says)
{
	freopen("/dev/null", "w", stderr);
	for (size_t i = 0; i < confs.gl_pathc; i++)
		try(trees.gl_pathv[_i], confs.gl_pathv[i], GUEST_START, "");
	try(trees.gl_pathv[_i], TREES "/both.conf", GUEST_CREATE, "-create");
}
END_TEST

/* ---- hostile ones ---- */

static char *said(const struct tmp *t, const char *conf, struct guest_done *done)
{
	char path[] = "/tmp/check-guest-XXXXXX";
	int fd = mkstemp(path), keep = dup(STDERR_FILENO);
	char *text;

	dup2(fd, STDERR_FILENO);
	set_up(t->dir, conf, GUEST_START, done);
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(fd);
	text = text_at(AT_FDCWD, path);
	unlink(path);
	return text;
}

static unsigned lines_of(const char *text, const char *with)
{
	unsigned n = 0;

	for (; (text = strstr(text, with)); text++)
		n++;
	return n;
}

static void make(const struct tmp *t, const char *kind, const char *path)
{
	if (strcmp(kind, "fifo") == 0)
		ck_assert_int_eq(mkfifoat(t->fd, path, 0666), 0);
	else if (strcmp(kind, "directory") == 0)
		ck_assert_int_eq(mkdirat(t->fd, path, 0755), 0);
	else if (strcmp(kind, "huge") == 0) {
		auto_fd fd = openat(t->fd, path, O_WRONLY | O_CREAT, 0644);

		ck_assert_int_eq(ftruncate(fd, 1ll << 40), 0);
	} else if (strcmp(kind, "zeros") == 0) {
		tmp_put_bytes(t, path, "a\0b", 3);
	} else {
		ck_assert_int_eq(symlinkat(kind, t->fd, path), 0);
	}
}

static const struct {
	const char *kind, *path, *said;
} harm[] = {
	{ "fifo", "etc/hosts", "/etc/hosts is not a file" },
	{ "fifo", "etc/resolv.conf", "/etc/resolv.conf is not a file" },
	{ "fifo", "etc/network/interfaces", "/etc/network/interfaces is not a file" },
	{ "directory", "etc/hosts", "/etc/hosts is a directory" },
	{ "directory", "etc/hostname", "/etc/hostname is a directory" },
	{ "huge", "etc/hosts", "/etc/hosts is larger" },
	{ "zeros", "etc/hosts", "/etc/hosts is left as it is" },
	{ "hosts", "etc/hosts", "/etc/hosts is a link that leads nowhere" },
	{ "/nowhere/at/all", "etc/hosts", "/etc/hosts is a link that leads nowhere" },
	{ "/", "etc/hosts", "/etc/hosts is a directory" },
	{ "..", "etc/hosts", "/etc/hosts is a directory" },
	{ "/dev/null/x", "etc/hosts", "/etc/hosts is left as it is" },
};

START_TEST(what_is_in_the_way_is_said_in_one_line_and_the_rest_is_done)
{
	auto_free char *text = NULL, *name = NULL;
	struct guest_done done;
	struct tmp t;

	tmp_make(&t);
	tmp_copy(&t, TREES "/debian-8");
	tmp_put(&t, "dev/null", "x");
	tmp_drop(&t, harm[_i].path);
	make(&t, harm[_i].kind, harm[_i].path);
	text = said(&t, TREES "/both.conf", &done);
	ck_assert_msg(strstr(text, harm[_i].said), "said: %s", text);
	ck_assert_msg(lines_of(text, "\n") == 1, "said: %s", text);
	ck_assert_uint_eq(done.failed, 1);
	ck_assert_int_eq(done.own_net, !strstr(harm[_i].path, "interfaces"));
	name = text_at(t.fd, "etc/timezone");
	ck_assert_str_eq(name, "");
	ck_assert_uint_gt(done.changed, 3);
	tmp_remove(&t);
}
END_TEST

/* Links that would lead out lead to the same name inside. */
START_TEST(nothing_outside_of_the_root_is_touched)
{
	static const char *const links[] = { "etc/hosts", "etc/hostname",
					     "etc/network/interfaces" };
	auto_free char *text = NULL, *inner = NULL;
	struct guest_done done;
	struct tmp t, out;

	tmp_make(&t);
	tmp_make(&out);
	tmp_copy(&t, TREES "/debian-8");
	tmp_put(&out, "victim", "victim\n");
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		auto_free char *to = i == 1 ? text_of("../../../../../../..%s/victim", out.dir)
					    : text_of("%s/victim", out.dir);

		tmp_drop(&t, links[i]);
		ck_assert_int_eq(symlinkat(to, t.fd, links[i]), 0);
	}
	text = said(&t, TREES "/both.conf", &done);
	inner = text_at(out.fd, "victim");
	ck_assert_str_eq(inner, "victim\n");
	ck_assert_uint_eq(done.failed, 3);
	tmp_remove(&t);
	tmp_remove(&out);
}
END_TEST

START_TEST(a_link_inside_is_followed_and_its_file_keeps_its_mode)
{
	auto_free char *text = NULL, *hosts = NULL;
	struct guest_done done;
	struct stat st;
	struct tmp t;

	tmp_make(&t);
	tmp_copy(&t, TREES "/debian-8");
	tmp_drop(&t, "etc/hosts");
	tmp_put(&t, "data/h", "127.0.0.1 localhost\n");
	ck_assert_int_eq(fchmodat(t.fd, "data/h", 0600, 0), 0);
	ck_assert_int_eq(symlinkat("/data/h", t.fd, "etc/hosts"), 0);
	text = said(&t, TREES "/both.conf", &done);
	ck_assert_str_eq(text, "");
	hosts = text_at(t.fd, "data/h");
	ck_assert_ptr_nonnull(strstr(hosts, "192.0.2.7 web.example.org"));
	ck_assert_int_eq(fstatat(t.fd, "data/h", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	tmp_remove(&t);
}
END_TEST

/* It could be one of another's. */
START_TEST(the_other_name_of_a_hard_link_stays_as_it_is)
{
	auto_free char *text = NULL, *other = NULL;
	struct guest_done done;
	struct tmp t;

	tmp_make(&t);
	tmp_copy(&t, TREES "/debian-8");
	ck_assert_int_eq(linkat(t.fd, "etc/hosts", t.fd, "other", 0), 0);
	text = said(&t, TREES "/both.conf", &done);
	other = text_at(t.fd, "other");
	ck_assert_ptr_null(strstr(other, "PVE"));
	ck_assert_uint_eq(done.failed, 0);
	tmp_remove(&t);
}
END_TEST

START_TEST(a_conf_that_is_no_good_is_told_of_and_gets_into_no_file)
{
	static const char *const values[] = { "name=../../x,ip=192.0.2.1/24",
					      "name=a$(reboot),ip=dhcp",
					      "name=..",
					      "ip=dhcp",
					      "name=eth0,ip=1.2.3.4",
					      "name=eth0,ip=192.0.2.1/99",
					      "name=eth0,ip6=x/64",
					      "name=eth0,ip=192.0.2.1/24,gw=$(x)" };
	struct guest_done done;
	struct tmp t, conf;

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		auto_free char *text = NULL, *path = NULL, *inter = NULL;

		tmp_make(&t);
		tmp_make(&conf);
		tmp_copy(&t, TREES "/debian-12");
		tmp_put(&conf, "c", "hostname: a;b\nnet0: %s\nnameserver: $(x)\ntimezone: ../x\n",
			values[i]);
		path = text_of("%s/c", conf.dir);
		text = said(&t, path, &done);
		inter = text_at(t.fd, "etc/network/interfaces");
		/* An address that is none is one that is not given. */
		if (!strstr(values[i], "eth0"))
			ck_assert_msg(lines_of(text, "told nothing of net0") == 1, "%s: %s",
				      values[i], text);
		ck_assert_ptr_null(strstr(inter, "$("));
		ck_assert_ptr_null(strstr(inter, "1.2.3.4"));
		ck_assert_ptr_null(strstr(inter, ".."));
		ck_assert_ptr_null(strstr(inter, "/99"));
		tmp_remove(&t);
		tmp_remove(&conf);
	}
}
END_TEST

START_TEST(knows_what_is_there)
{
	static const struct {
		const char *tree, *ostype;
	} rows[] = {
		{ "debian-99", "debian" },	 { "mint-22", "ubuntu" },
		{ "devuan-5", "devuan" },	 { "rocky-9", "centos" },
		{ "opensuse-15.6", "opensuse" }, { "openeuler-24.03", "openeuler" },
		{ "archlinux", "archlinux" },	 { "unknown", "unmanaged" },
		{ "no-release", "debian" },	 { "nixos", "nixos" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *dir = text_of(TREES "/%s", rows[i].tree);
		auto_fd root = open(dir, O_RDONLY | O_DIRECTORY);

		ck_assert_str_eq(guest_ostype(root), rows[i].ostype);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct guest");
	TCase *t = tcase_create("guest");

	umask(022);
	if (glob(TREES "/*/", 0, NULL, &trees) || glob(TREES "/*.conf", 0, NULL, &confs))
		return EXIT_FAILURE;
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_tree_becomes_what_the_golden_file_says, 0, (int)trees.gl_pathc);
	tcase_add_loop_test(t, what_is_in_the_way_is_said_in_one_line_and_the_rest_is_done, 0,
			    ARRAY_LEN(harm));
	tcase_add_test(t, nothing_outside_of_the_root_is_touched);
	tcase_add_test(t, a_link_inside_is_followed_and_its_file_keeps_its_mode);
	tcase_add_test(t, the_other_name_of_a_hard_link_stays_as_it_is);
	tcase_add_test(t, a_conf_that_is_no_good_is_told_of_and_gets_into_no_file);
	tcase_add_test(t, knows_what_is_there);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
