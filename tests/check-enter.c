// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is read of a process in a container before its call is made for it.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "launcher/cgroups.h"
#include "launcher/enter.h"
#include "tests/fixture.h"

#define PAGE 4096

static int mem;

static void setup(void)
{
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(mem, 0);
}

static void teardown(void)
{
	close_fd(&mem);
}

/* @n pages, and none after them. */
static char *pages(size_t n)
{
	char *p =
	    mmap(NULL, (n + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	munmap(p + n * PAGE, PAGE);
	return p;
}

START_TEST(a_text_may_end_where_memory_does)
{
	static const size_t lengths[] = { 0, 1, 4, PAGE - 1 };
	char *p = pages(1), buf[PAGE];

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		char *at = p + PAGE - 1 - lengths[i];

		memset(at, 'x', lengths[i]);
		p[PAGE - 1] = '\0';
		ck_assert_int_eq(memory_text(mem, (uintptr_t)at, buf, sizeof(buf)), 0);
		ck_assert_uint_eq(strlen(buf), lengths[i]);
	}
}
END_TEST

START_TEST(a_text_without_an_end_is_none)
{
	char *p = pages(2), buf[PAGE];

	memset(p, 'x', 2 * PAGE);
	ck_assert_int_eq(memory_text(mem, (uintptr_t)p, buf, sizeof(buf)), -ENAMETOOLONG);
	ck_assert_int_eq(memory_text(mem, (uintptr_t)p + PAGE + 1, buf, sizeof(buf)), -EFAULT);
	ck_assert_int_eq(memory_text(mem, (uintptr_t)p + PAGE + PAGE - 3, buf, 2), -ENAMETOOLONG);
}
END_TEST

START_TEST(nowhere_is_no_text)
{
	static const uint64_t nowhere[] = { 0, 1, UINT64_MAX, 1ull << 63, INT64_MAX, (1ull << 47) };
	char buf[64];

	ck_assert_int_eq(memory_text(mem, nowhere[_i], buf, sizeof(buf)), -EFAULT);
}
END_TEST

static const struct {
	const char *path;
	int fd;
} own[] = {
	{ "/proc/self/fd/7", 7 },	    { "/proc/self/fd/0", 0 },
	{ "/proc/thread-self/fd/12", 12 },  { "/dev/fd/999999999", 999999999 },
	{ "/proc/self/fd/", -ENOENT },	    { "/proc/self/fd/7/x", -ENOENT },
	{ "/proc/self/fd/-1", -ENOENT },    { "/proc/self/fd/9999999999", -ENOENT },
	{ "/proc/self/fdinfo/7", -ENOENT }, { "/proc/1/fd/7", -ENOENT },
	{ "proc/self/fd/7", -ENOENT },	    { "", -ENOENT },
};

START_TEST(only_what_the_caller_holds_is_its_own)
{
	ck_assert_int_eq(own_fd(own[_i].path), own[_i].fd);
}
END_TEST

#define STATUS                                                                                     \
	"Name:\tUid:\\nUid: 0\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 11 \n"            \
	"CapInh:\t0000000000000001\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000200000\n"        \
	"Umask:\t0027\nNoNewPrivs:\t0\n"

START_TEST(an_identity_is_what_status_says)
{
	struct identity who;

	ck_assert_int_eq(identity_parse(STATUS, &who), 0);
	ck_assert_uint_eq(who.uid[0], 1);
	ck_assert_uint_eq(who.uid[2], 3);
	ck_assert_uint_eq(who.uid[3], 4);
	ck_assert_uint_eq(who.gid[1], 6);
	ck_assert_uint_eq(who.gid[3], 8);
	ck_assert_uint_eq(who.umask, 027);
	ck_assert_uint_eq(who.n_groups, 3);
	ck_assert_uint_eq(who.group[2], 11);
	ck_assert_uint_eq(who.effective, 1ull << 21);
	ck_assert_uint_eq(who.permitted, 0x1ffffffffffull);
	ck_assert_uint_eq(who.inheritable, 1);
}
END_TEST

/* When in doubt the kernel is to say what it may. */
START_TEST(who_may_be_confined_is_known)
{
	struct identity who;
	char text[] = STATUS;

	ck_assert_int_eq(identity_parse(text, &who), 0);
	ck_assert(!who.bound);
	text[strlen(text) - 2] = '1';
	ck_assert_int_eq(identity_parse(text, &who), 0);
	ck_assert(who.bound);
	*strstr(text, "NoNewPrivs") = 'x';
	ck_assert_int_eq(identity_parse(text, &who), 0);
	ck_assert(who.bound);
}
END_TEST

/* Nobody is root for a line that is not there. */
START_TEST(without_all_of_it_there_is_no_identity)
{
	static const char *const keys[] = { "\nUid",	"\nGid",    "\nGroups", "\nCapInh",
					    "\nCapPrm", "\nCapEff", "\nUmask" };
	struct identity who;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		char text[] = STATUS;

		strstr(text, keys[i])[1] = 'x';
		ck_assert_int_eq(identity_parse(text, &who), -EBADMSG);
	}
	ck_assert_int_eq(identity_parse("", &who), -EBADMSG);
	ck_assert_int_eq(identity_parse("Uid:\t1\t2\nGid:\t1\t2\t3\n", &who), -EBADMSG);
}
END_TEST

static const struct {
	const char *text, *label;
} labels[] = {
	{ "unconfined\n", "" },
	{ "unconfined", "" },
	{ "", "" },
	{ "lxc-a_</var/lib/lxc> (enforce)\n", "lxc-a_</var/lib/lxc>" },
	{ "lxc-a_</var/lib/lxc>//&:lxc-a_:unconfined (mixed)\n",
	  "lxc-a_</var/lib/lxc>//&:lxc-a_:unconfined" },
	{ "unconfined_u (complain)\n", "unconfined_u" },
};

START_TEST(a_label_is_without_its_mode)
{
	char out[64];

	ck_assert_int_eq(label_parse(labels[_i].text, strlen(labels[_i].text), out, sizeof(out)),
			 0);
	ck_assert_str_eq(out, labels[_i].label);
	if (*labels[_i].label)
		ck_assert_int_eq(label_parse(labels[_i].text, strlen(labels[_i].text), out,
					     strlen(labels[_i].label)),
				 -EBADMSG);
}
END_TEST

static const struct {
	const char *text;
	int v1, v2;
	const char *path; /* where it is, of those that it is in */
} places[] = {
	{ "5:cpu,devices:/lxc/100/ns\n1:cpu:/x\n", 0, -ENOENT, "/lxc/100/ns" },
	{ "4:memory:/devices\n3:name=devices:/x\n0::/a:b\n", -ENOENT, 0, "/a:b" },
	{ "13:devices:/\n0::/", 0, 0, "/" },
	{ "5:devices:/../lxc/100\n0::/..\n", -EXDEV, -EXDEV, NULL },
	{ "5:devices:\n0::x\n", -EXDEV, -EXDEV, NULL },
	{ "nonsense\n0::/x\n", -EXDEV, -EXDEV, NULL },
	{ "10:devices,x:/y\n", 0, -ENOENT, "/y" },
	{ "10:xdevices,devicesx:/y\n", -ENOENT, -ENOENT, NULL },
	{ "", -ENOENT, -ENOENT, NULL },
	{ "0::/longer/than/what/there/is/room/for\n", -ENOENT, -EXDEV, NULL },
};

START_TEST(a_cgroup_is_where_the_process_says)
{
	char out[20];

	ck_assert_int_eq(cgroups_path(places[_i].text, CGROUPS_V1, out, sizeof(out)),
			 places[_i].v1);
	if (places[_i].v1 == 0)
		ck_assert_str_eq(out, places[_i].path);
	ck_assert_int_eq(cgroups_path(places[_i].text, CGROUPS_V2, out, sizeof(out)),
			 places[_i].v2);
	if (places[_i].v2 == 0)
		ck_assert_str_eq(out, places[_i].path);
}
END_TEST

#define LINE(root, type, options)                                                                  \
	"36 35 0:31 " root " /sys/fs/cgroup/x rw,nosuid shared:7 - " type " name " options "\n"

static const struct {
	const char *line;
	bool v1, v2;
} cgroup_mounts[] = {
	{ LINE("/", "cgroup", "rw,devices"), true, false },
	{ LINE("/", "cgroup", "rw,cpu,devices,x"), true, false },
	{ LINE("/", "cgroup", "rw,mydevices"), false, false },
	{ LINE("/", "cgroup", "rw,name=devices"), false, false },
	{ LINE("/a", "cgroup", "rw,devices"), false, false },
	{ LINE("/", "cgroup2", "rw,nsdelegate"), false, true },
	{ LINE("/lxc", "cgroup2", "rw"), false, false },
	{ LINE("/", "tmpfs", "rw,devices"), false, false },
	{ "36 35 0:31 / /x rw - cgroup2", false, false },
	{ "", false, false },
};

START_TEST(a_hierarchy_is_where_all_of_it_is_mounted)
{
	char at[PAGE];

	ck_assert(cgroups_mounted(cgroup_mounts[_i].line, CGROUPS_V1, at, sizeof(at)) ==
		  cgroup_mounts[_i].v1);
	ck_assert(cgroups_mounted(cgroup_mounts[_i].line, CGROUPS_V2, at, sizeof(at)) ==
		  cgroup_mounts[_i].v2);
	if (cgroup_mounts[_i].v1 || cgroup_mounts[_i].v2)
		ck_assert_str_eq(at, "/sys/fs/cgroup/x");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("enter");
	TCase *t = tcase_create("enter");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_text_may_end_where_memory_does);
	tcase_add_test(t, a_text_without_an_end_is_none);
	tcase_add_loop_test(t, nowhere_is_no_text, 0, 6);
	tcase_add_loop_test(t, only_what_the_caller_holds_is_its_own, 0, ARRAY_LEN(own));
	tcase_add_test(t, an_identity_is_what_status_says);
	tcase_add_test(t, who_may_be_confined_is_known);
	tcase_add_test(t, without_all_of_it_there_is_no_identity);
	tcase_add_loop_test(t, a_label_is_without_its_mode, 0, ARRAY_LEN(labels));
	tcase_add_loop_test(t, a_cgroup_is_where_the_process_says, 0, ARRAY_LEN(places));
	tcase_add_loop_test(t, a_hierarchy_is_where_all_of_it_is_mounted, 0,
			    ARRAY_LEN(cgroup_mounts));
	suite_add_tcase(s, t);
	return fixture_run(s);
}
