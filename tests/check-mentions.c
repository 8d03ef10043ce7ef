// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether a config of LXC's may name the cpuset: "no" only where that is certain.
 */
#include <limits.h>
#include <sys/stat.h>

#include "launcher/mentions.h"
#include "tests/fixture.h"

static const struct {
	const char *text; /* of the file "main"; @ is the folder it is in */
	bool may;
} cases[] = {
	{ "", false },
	{ "lxc.uts.name = a\n# lxc.include = /is/a/comment\n", false },
	{ "lxc.cgroup.cpuset.cpus = 1\n", true },
	{ "lxc.cgroup2.cpuset.cpus=1", true },
	{ "lxc.include = @/plain.conf\n", false },
	{ "lxc.include = @/deep.conf\n", true },
	{ "\tlxc.include\t=@/deep.conf \r\n", true },
	{ "lxc.include = @/d\n", false },
	{ "lxc.include = @/d/\n", false },
	{ "lxc.include = @/e/", true },
	{ "lxc.include = @/none\n", false },
	{ "lxc.include = @/plain.conf\nlxc.include = @/deep.conf\n", true },
	/* for liblxc to judge */
	{ "lxc.include = \"@/plain.conf\"\n", true },
	{ "lxc.include = plain.conf\n", true },
	{ "lxc.include =\n", true },
	{ "lxc.include\n", true },
	{ "lxc.includes = @/plain.conf\n", true },
	{ "x lxc.include = @/plain.conf\n", true },
	{ "lxc.include = @/circle.conf\n", true },
	{ "lxc.include = @/fifo\n", true },
	{ "lxc.include = @/closed/x\n", true },
};

static void put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	for (const char *p = text; *p; p++)
		if (*p == '@')
			fputs(dir, f);
		else
			fputc(*p, f);
	fclose(f);
}

START_TEST(no_is_said_only_where_it_is_certain)
{
	char dir[] = "/tmp/check-mentions.XXXXXX", path[PATH_MAX], command[PATH_MAX];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(command, sizeof(command),
		 "cd %s && mkdir d e && mkfifo fifo && ln -s x closed && ln -s closed x", dir);
	ck_assert_int_eq(system(command), 0);
	put(dir, "plain.conf", "lxc.tty.max = 4\n");
	put(dir, "deep.conf", "lxc.include = @/e\n");
	put(dir, "circle.conf", "lxc.include = @/circle.conf\n");
	put(dir, "d/README", "to include what is of the cpuset\n");
	put(dir, "d/a.conf", "lxc.tty.max = 4\n");
	put(dir, "e/a.conf", "lxc.cgroup.cpuset.cpus = 1\n");
	put(dir, "main", cases[_i].text);
	snprintf(path, sizeof(path), "%s/main", dir);
	ck_assert_msg(config_mentions(path, "cpuset") == cases[_i].may, "%s", cases[_i].text);
	snprintf(path, sizeof(path), "%s/nothing", dir);
	ck_assert(config_mentions(path, "cpuset"));
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(what_is_too_long_to_be_read_may)
{
	char path[] = "/tmp/check-mentions.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "lxc.tty.max = 4\n", 16), 16);
	ck_assert(!config_mentions(path, "cpuset"));
	ck_assert_int_eq(ftruncate(fd, 17), 0); /* a NUL: no text */
	ck_assert(config_mentions(path, "cpuset"));
	ck_assert_int_eq(ftruncate(fd, 16), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 16);
	for (int i = 0; i < 8192; i++)
		ck_assert_int_eq(write(fd, "# lines\n", 8), 8);
	ck_assert(config_mentions(path, "cpuset"));
	close(fd);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mentions");
	TCase *t = tcase_create("config");

	tcase_add_loop_test(t, no_is_said_only_where_it_is_certain, 0, ARRAY_LEN(cases));
	tcase_add_test(t, what_is_too_long_to_be_read_may);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
