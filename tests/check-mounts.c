// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Calls that a helper makes: which they are, and that each has one answer whatever the helper does.
 */
#include <fcntl.h>
#include <linux/audit.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "procfs/mounts.h"
#include "tests/fixture.h"

static struct mounts m;
static int helper; /* its end */

static void setup(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	m = (struct mounts){ .helper = ends[0] };
	helper = ends[1];
}

static void teardown(void)
{
	mounts_helper(&m, -EBADF);
	close_fd(&helper);
}

static int ask(uint32_t number, uint64_t id)
{
	struct seccomp_notif call = { .id = id };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int fds[MOUNTING_FDS] = { null, null, null };
	int r = mounts_ask(&m, number, &call, 1, fds, "/m");

	close(null);
	return r;
}

static void say(uint32_t number, uint64_t id, int32_t result)
{
	struct mounted a = { number, result, id };

	ck_assert_int_eq(send(helper, &a, sizeof(a), 0), sizeof(a));
}

START_TEST(an_answer_is_to_what_was_asked)
{
	struct mounted a;

	ck_assert_int_eq(ask(7, 77), 0);
	ck_assert(mounts_is_asked(&m, 7));
	say(7, 78, 0); /* what a worker before us asked */
	say(8, 77, 0);
	say(KEPT_MAX, 77, 0);
	say(7, 77, -EBUSY);
	for (int i = 0; i < 3; i++)
		ck_assert(!mounts_hear(&m, &a));
	ck_assert(mounts_hear(&m, &a));
	ck_assert_uint_eq(a.number, 7);
	ck_assert_int_eq(a.result, -EBUSY);
	ck_assert(!mounts_is_asked(&m, 7));
	say(7, 77, 0);
	ck_assert(!mounts_hear(&m, &a));
}
END_TEST

START_TEST(who_asks_a_helper_that_ends_hears_that_the_kernel_does_it)
{
	struct mounted a;

	ck_assert_int_eq(ask(1, 11), 0);
	ck_assert_int_eq(ask(2, 22), 0);
	ck_assert(!mounts_late(&m, &a));
	close_fd(&helper);
	while (m.helper >= 0)
		ck_assert(!mounts_hear(&m, &a));
	for (uint32_t i = 1; i < 3; i++) {
		ck_assert(mounts_late(&m, &a));
		ck_assert_uint_eq(a.number, i);
		ck_assert_int_eq(a.result, MOUNTING_CONTINUE);
	}
	ck_assert(!mounts_late(&m, &a));
	ck_assert_int_lt(ask(3, 33), 0);
	ck_assert(!mounts_is_asked(&m, 3));
}
END_TEST

START_TEST(a_helper_that_says_nothing_is_not_waited_for)
{
	struct mounted a;

	ck_assert_int_eq(ask(1, 11), 0);
	usleep((MOUNTING_MS + 600) * 1000);
	ck_assert(mounts_late(&m, &a));
	say(1, 11, 0);
	ck_assert(!mounts_hear(&m, &a));
}
END_TEST

START_TEST(one_that_is_gone_is_not_answered)
{
	struct mounted a;

	ck_assert_int_eq(ask(1, 11), 0);
	mounts_forget(&m, 1);
	mounts_forget(&m, 1);
	ck_assert_uint_eq(m.n, 0);
	say(1, 11, 0);
	ck_assert(!mounts_hear(&m, &a));
}
END_TEST

START_TEST(calls_are_known_by_number_and_machine)
{
	struct seccomp_data d = { .nr = SYS_mount, .arch = 0 };

	ck_assert_int_eq(call_kind(&d), CALL_OTHER);
#ifdef __x86_64__
	d.arch = AUDIT_ARCH_X86_64;
	ck_assert_int_eq(call_kind(&d), CALL_MOUNT);
	d.nr = SYS_umount2;
	ck_assert_int_eq(call_kind(&d), CALL_UMOUNT);
	d.nr = SYS_sysinfo;
	ck_assert_int_eq(call_kind(&d), CALL_OTHER);
	d = (struct seccomp_data){ .nr = 21, .arch = AUDIT_ARCH_I386 };
	ck_assert_int_eq(call_kind(&d), CALL_MOUNT);
	d.nr = SYS_mount; /* another call's number there */
	ck_assert_int_eq(call_kind(&d), CALL_OTHER);
#endif
}
END_TEST

static const struct {
	const char *text;
	bool proc;
} types[] = { { "proc\0x", true }, { "procx", false }, { "pro\0c", false }, { "\0proc", false } };

START_TEST(a_type_is_proc_and_nothing_else)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	ck_assert(call_names_proc(mem, (uintptr_t)types[_i].text) == types[_i].proc);
	ck_assert(!call_names_proc(mem, 0));
	ck_assert(!call_names_proc(mem, UINT64_MAX));
	close(mem);
}
END_TEST

#define VIEW(at) "5 4 0:43 /proc/meminfo " at " rw,nosuid shared:5 - fuse.pctfs lxcfs rw\n"
#define OTHER	 "6 4 0:43 /proc/meminfo /x/meminfo rw - tmpfs t rw\n"

static const struct {
	const char *text;
	bool has;
} infos[] = {
	{ "", false },
	{ OTHER OTHER, false },
	{ VIEW("/proc/meminfo") OTHER, false },
	{ VIEW("/proc/uptime") VIEW("/proc/meminfo") VIEW("/proc/stat"), false },
	{ VIEW("/proc/meminfo") VIEW("/proc/meminfo"), true },
	{ VIEW("/p/meminfo"), true },
	{ OTHER VIEW("/proc/meminfo") VIEW("/a\\040b/meminfo"), true },
	{ " - fuse.pctfs \n/meminfo\n - fuse.pctfs", false },
	{ "1 2 3 4 /p/meminfo - fuse.pctfs x", true },
};

START_TEST(views_are_looked_for_beside_those_of_the_container)
{
	ck_assert(mounts_has_views(span_of(infos[_i].text)) == infos[_i].has);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mounts");
	TCase *t = tcase_create("mounts");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_answer_is_to_what_was_asked);
	tcase_add_test(t, who_asks_a_helper_that_ends_hears_that_the_kernel_does_it);
	tcase_add_test(t, a_helper_that_says_nothing_is_not_waited_for);
	tcase_add_test(t, one_that_is_gone_is_not_answered);
	tcase_add_test(t, calls_are_known_by_number_and_machine);
	tcase_add_loop_test(t, a_type_is_proc_and_nothing_else, 0, ARRAY_LEN(types));
	tcase_add_loop_test(t, views_are_looked_for_beside_those_of_the_container, 0,
			    ARRAY_LEN(infos));
	suite_add_tcase(s, t);
	return fixture_run(s);
}
