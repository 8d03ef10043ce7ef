// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Calls that a helper makes: which they are, and that each has one answer whatever the helper does.
 */
#include <fcntl.h>
#include <linux/audit.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/nodes.h"
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
	d.nr = 14;
	ck_assert_int_eq(call_kind(&d), CALL_MKNOD);
	d.nr = 297;
	ck_assert_int_eq(call_kind(&d), CALL_MKNODAT);
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

// clang-format off
static const struct {
	uint64_t mode, dev;
	bool allowed;
} nodes[] = {
	{ S_IFCHR | 0666, NODE_DEV(1, 3), true },   { S_IFCHR, NODE_DEV(1, 5), true },
	{ S_IFCHR | 07777, NODE_DEV(1, 7), true },  { S_IFCHR, NODE_DEV(1, 8), true },
	{ S_IFCHR | 0600, NODE_DEV(1, 9), true },   { S_IFCHR, NODE_DEV(5, 0), true },
	{ S_IFCHR | 0666, NODE_DEV(5, 2), true },
	/* what of it the kernel takes: 16 and 32 bits */
	{ 0xffff0000 | S_IFCHR, 0x700000103, true },
	/* memory, ports, the kernel's messages, the host's consoles, its other devices */
	{ S_IFCHR, NODE_DEV(1, 1), false },         { S_IFCHR, NODE_DEV(1, 2), false },
	{ S_IFCHR, NODE_DEV(1, 4), false },         { S_IFCHR, NODE_DEV(1, 11), false },
	{ S_IFCHR, NODE_DEV(5, 1), false },         { S_IFCHR, NODE_DEV(5, 3), false },
	{ S_IFCHR, NODE_DEV(4, 0), false },         { S_IFCHR, NODE_DEV(136, 0), false },
	{ S_IFCHR, NODE_DEV(10, 229), false },      { S_IFCHR, NODE_DEV(10, 237), false },
	/* 1:259 and 257:3 are no 1:3 */
	{ S_IFCHR, 0x100103, false },               { S_IFCHR, NODE_DEV(257, 3), false },
	/* anybody makes a whiteout, and what is no device */
	{ S_IFCHR, 0, false },                      { S_IFIFO, NODE_DEV(1, 3), false },
	{ S_IFREG, NODE_DEV(1, 3), false },         { 0, NODE_DEV(1, 3), false },
	{ S_IFSOCK, NODE_DEV(1, 3), false },        { S_IFDIR, NODE_DEV(1, 3), false },
	/* a block device never; nor one whose kind is in bits that the kernel does not take */
	{ S_IFBLK, NODE_DEV(1, 3), false },         { S_IFBLK, 0, false },
	{ (uint64_t)S_IFCHR << 16, NODE_DEV(1, 3), false },
};
// clang-format on

START_TEST(a_node_is_made_only_of_what_every_container_has)
{
	uint64_t mode = nodes[_i].mode, dev = nodes[_i].dev;
	struct seccomp_data d = { .nr = SYS_mknodat, .args = { 7, 8, mode, dev } };

	ck_assert(node_is_allowed(mode, dev) == nodes[_i].allowed);
#ifdef __x86_64__
	d.arch = AUDIT_ARCH_X86_64;
	ck_assert(call_makes_node(&d) == nodes[_i].allowed);
	d = (struct seccomp_data){ .nr = SYS_mknod,
				   .arch = AUDIT_ARCH_X86_64,
				   .args = { 8, mode, dev } };
	ck_assert(call_makes_node(&d) == nodes[_i].allowed);
	d.nr = SYS_mount;
	ck_assert(!call_makes_node(&d));
#endif
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

#define AT(id, parent, at, type) id " " parent " 0:9 / " at " rw master:3 - " type " x rw\n"
#define P			 AT("5", "1", "/p", "proc")

static const struct {
	const char *text, *target;
	bool holds;
} targets[] = {
	/* views only */
	{ P AT("6", "5", "/p/stat", "fuse.pctfs") AT("7", "5", "/p/x", "fuse.pctfs"), "/p", true },
	/* nothing, or what would keep it busy without them */
	{ P, "/p", false },
	{ P AT("6", "5", "/p/sys", "proc") AT("7", "5", "/p/stat", "fuse.pctfs"), "/p", false },
	{ P AT("6", "5", "/p/stat", "fuse.pctfs") AT("7", "5", "/p/sys", "proc"), "/p", false },
	/* a view itself, and what lies elsewhere */
	{ P AT("6", "5", "/p/stat", "fuse.pctfs"), "/p/stat", false },
	{ P AT("6", "5", "/p/sys", "proc") AT("7", "6", "/p/sys/b", "fuse.pctfs"), "/p", false },
	{ P AT("6", "5", "/p/sys", "proc") AT("7", "6", "/p/sys/b", "fuse.pctfs"), "/p/sys", true },
	/* stacked: it is the uppermost that goes */
	{ P AT("6", "5", "/p/stat", "fuse.pctfs") AT("8", "5", "/p", "tmpfs"), "/p", false },
	{ AT("8", "5", "/p", "proc") AT("9", "8", "/p/stat", "fuse.pctfs") P, "/p", true },
	/* a name that tells nothing */
	{ P, "p", true },
	{ P, "/p/", true },
	{ P, "/q", true },
	{ P, "", true },
	{ AT("5", "1", "/a\\040b", "proc"), "/a b", true },
	{ P AT("6", "1", "/p", "proc"), "/p", true },
	{ "5 1 0:9 / /p rw\n", "/p", false },
	{ "5 1 0:9 / /p rw\n6 5 0:9\n", "/p", false },
	{ "x\n5\n\n 5 1 0:9 /", "/", true },
};

START_TEST(what_is_not_busy_by_views_alone_is_the_kernels)
{
	ck_assert(mounts_holds_views(span_of(targets[_i].text), targets[_i].target) ==
		  targets[_i].holds);
}
END_TEST

START_TEST(a_text_has_an_end)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char out[4] = "";

	ck_assert(call_text(mem, (uintptr_t) "abc", out, sizeof(out)));
	ck_assert_str_eq(out, "abc");
	ck_assert(!call_text(mem, (uintptr_t) "abcd", out, sizeof(out)));
	ck_assert(!call_text(mem, 0, out, sizeof(out)));
	ck_assert(!call_text(mem, UINT64_MAX, out, sizeof(out)));
	ck_assert(!call_text(mem, 8, out, sizeof(out)));
	close(mem);
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
	tcase_add_loop_test(t, a_node_is_made_only_of_what_every_container_has, 0,
			    ARRAY_LEN(nodes));
	tcase_add_loop_test(t, a_type_is_proc_and_nothing_else, 0, ARRAY_LEN(types));
	tcase_add_loop_test(t, views_are_looked_for_beside_those_of_the_container, 0,
			    ARRAY_LEN(infos));
	tcase_add_loop_test(t, what_is_not_busy_by_views_alone_is_the_kernels, 0,
			    ARRAY_LEN(targets));
	tcase_add_test(t, a_text_has_an_end);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
