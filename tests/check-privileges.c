// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a worker cannot do any more, and what it still can.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "procfs/privileges.h"
#include "tests/fixture.h"

static char *const argv[] = { "true", NULL };

// clang-format off
static const struct {
	const char *what;
	long nr, arg[6];
} refused[] = {
	{ "run a program",              SYS_execve,            { (long)"/bin/true", (long)argv, 0 } },
	{ "run a program by fd",        SYS_execveat,          { 0, (long)"", (long)argv, 0, 0x1000 } },
	{ "make a process",             SYS_clone,             { SIGCHLD } },
	{ "make one, and hide how",     SYS_clone3,            { 0 } },
	{ "make a namespace",           SYS_unshare,           { CLONE_NEWUSER } },
	{ "enter a namespace",          SYS_setns,             { 0, 0 } },
	{ "make a node",                SYS_mknodat,           { -100, (long)"/null", S_IFCHR, 0x103 } },
	{ "mount",                      SYS_mount,             { (long)"a", (long)"/", (long)"tmpfs", 0, 0 } },
	{ "move a mount",               SYS_move_mount,        { 0, (long)"", 0, (long)"/", 0 } },
	{ "clone a mount",              SYS_open_tree,         { 0, (long)"", 1 } },
	{ "unmount",                    SYS_umount2,           { (long)"/proc", MNT_DETACH } },
	{ "change its root",            SYS_chroot,            { (long)"/" } },
	{ "trace",                      SYS_ptrace,            { PTRACE_ATTACH, 1 } },
	{ "read another's memory",      SYS_process_vm_readv,  { 1 } },
	{ "write another's memory",     SYS_process_vm_writev, { 1 } },
	{ "take another's descriptor",  SYS_pidfd_getfd,       { 0, 0, 0 } },
	{ "kill",                       SYS_kill,              { 0, 0 } },
	{ "kill a thread of another",   SYS_tgkill,            { 1, 1, 0 } },
	{ "kill by a descriptor",       SYS_pidfd_send_signal, { 0, 0, 0, 0 } },
	{ "make a socket",              SYS_socket,            { AF_UNIX, SOCK_STREAM, 0 } },
	{ "make an internet socket",    SYS_socket,            { AF_INET, SOCK_STREAM, 0 } },
	{ "connect",                    SYS_connect,           { 0 } },
	{ "load a BPF program",         SYS_bpf,               { BPF_PROG_LOAD, 0, 0 } },
	{ "load a module",              SYS_init_module,       { 0, 0, (long)"" } },
	{ "load a module's file",       SYS_finit_module,      { 0, (long)"", 0 } },
	{ "use keys",                   SYS_keyctl,            { 0 } },
	{ "count events",               SYS_perf_event_open,   { 0 } },
	{ "use io_uring",               SYS_io_uring_setup,    { 1, 0 } },
	{ "open by a handle",           SYS_open_by_handle_at, { 0, 0, 0 } },
	{ "become another user",        SYS_setuid,            { 0 } },
	{ "take capabilities",          SYS_capset,            { 0, 0 } },
	{ "delete a file",              SYS_unlinkat,          { 0, (long)"", 0 } },
	{ "change a file's mode",       SYS_fchmodat,          { 0, (long)"", 0 } },
	{ "have memory that runs",      SYS_mmap,              { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
	{ "make memory run",            SYS_mprotect,          { 0, 4096, PROT_EXEC } },
	{ "make all memory run",        SYS_personality,       { READ_IMPLIES_EXEC } },
	{ "type on a terminal",         SYS_ioctl,             { 0, 0x5412, (long)"x" } },
	{ "have signals sent",          SYS_fcntl,             { 0, 8 /* F_SETOWN */, 1 } },
	{ "limit another",              SYS_prlimit64,         { 1, 7, 0, 0 } },
};
// clang-format on

/* In a process of its own: @f's result is what this is. */
static int after_the_drop(int (*f)(int i), int i)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(privileges_drop() < 0 ? 99 : f(i));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static int try_refused(int i)
{
	const long *a = refused[i].arg;

	errno = 0;
	return syscall(refused[i].nr, a[0], a[1], a[2], a[3], a[4], a[5]) < 0 ? errno : 0;
}

START_TEST(cannot_do_this_any_more)
{
#ifndef PCT_SAN
	int got = after_the_drop(try_refused, _i);

	ck_assert_msg(got == ENOSYS, "%s: %s", refused[_i].what, strerror(got));
#else
	(void)try_refused;
#endif
}
END_TEST

/* A line of /proc/self/status, as capget(2) is refused. */
static uint64_t capabilities(const char *line)
{
	static char text[8192];
	auto_fd fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *at;

	text[MAX(n, (ssize_t)0)] = '\0';
	at = strstr(text, line);
	return at ? strtoull(at + strlen(line), NULL, 16) : UINT64_MAX;
}

#define TWO (1ull << CAP_SYS_PTRACE | 1ull << CAP_DAC_READ_SEARCH)

static int has_two(int had)
{
	uint64_t two = had ? TWO : 0;

	return capabilities("CapEff:") == two && capabilities("CapPrm:") == two &&
	       capabilities("CapInh:") == 0 && capabilities("CapAmb:") == 0 &&
	       (!had || !(capabilities("CapBnd:") & ~TWO));
}

START_TEST(keeps_two_capabilities_of_those_it_has)
{
	uint64_t had = capabilities("CapPrm:") & TWO;

	if (had == 0 || had == TWO)
		ck_assert_int_eq(after_the_drop(has_two, had != 0), 1);
}
END_TEST

static void *work(void *arg)
{
	char *p = malloc(1 << 20);

	*(int *)arg = p && syscall(SYS_gettid) > 0;
	free(p);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int try_allowed(int i)
{
	static int numbers[100000];
	auto_fd fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	pthread_t t;
	int worked = 0;

	(void)i;
	if (fd < 0 || pthread_create(&t, NULL, work, &worked) != 0 || pthread_join(t, NULL) != 0)
		return 1;
	for (size_t n = 0; n < ARRAY_LEN(numbers); n++)
		numbers[n] = (int)(n * 7919 % 10007);
	qsort(numbers, ARRAY_LEN(numbers), sizeof(*numbers), compare);
	if (!worked || numbers[0] != 0)
		return 2;
	return signal(SIGUSR1, SIG_IGN) == SIG_ERR || raise(SIGUSR1) != 0 ? 3 : 0;
}

START_TEST(has_files_threads_and_memory_still)
{
	ck_assert_int_eq(after_the_drop(try_allowed, 0), 0);
}
END_TEST

START_TEST(is_dropped_where_there_is_nothing_to_drop)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		cap_t none = cap_init();

		if (cap_set_proc(none) < 0)
			_exit(98);
		_exit(privileges_drop() < 0 ? 99 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("privileges");
	Suite *s = suite_create("privileges");

	tcase_add_loop_test(t, cannot_do_this_any_more, 0, ARRAY_LEN(refused));
	tcase_add_test(t, keeps_two_capabilities_of_those_it_has);
	tcase_add_test(t, has_files_threads_and_memory_still);
	tcase_add_test(t, is_dropped_where_there_is_nothing_to_drop);
	suite_add_tcase(s, t);
	return fixture_run(s);
}
