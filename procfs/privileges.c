// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "base/say.h"
#include "procfs/caller.h"
#include "procfs/privileges.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

// clang-format off
static const struct {
	cap_value_t cap;
	const char *why;
} capabilities[] = {
	{ CAP_SYS_PTRACE,      "namespaces, open files and the present call of who reads" },
	{ CAP_DAC_READ_SEARCH, "the same of other users' processes" },
};

/* A call, or one with an argument whose bits in @mask are @value. */
struct call {
	int nr;
	int arg; /* or one of the two */
	uint64_t mask, value;
};
enum { ANY_ARG = -1, OUR_PID_FIRST = -2 };

#define ANY                ANY_ARG, 0, 0
#define SELF               OUR_PID_FIRST, 0, 0
#define ONLY(arg, value)   (arg), UINT32_MAX, (value)
#define NONE_OF(arg, bits) (arg), (bits), 0

#ifdef __s390x__ /* the stack goes first; arguments of mmap are in memory */
#define CLONE_FLAGS 1
#define MMAP_HOW    ANY
#else
#define CLONE_FLAGS 0
#define MMAP_HOW    NONE_OF(2, PROT_EXEC)
#endif

/* What is not here does not exist: libc then does without, as on a kernel that is too old. */
static const struct call calls[] = {
	/* files */
	{ SCMP_SYS(read), ANY },          { SCMP_SYS(pread64), ANY },
	{ SCMP_SYS(readv), ANY },         { SCMP_SYS(write), ANY },
	{ SCMP_SYS(writev), ANY },        { SCMP_SYS(pwrite64), ANY },
	{ SCMP_SYS(openat), ANY },        { SCMP_SYS(close), ANY },
	{ SCMP_SYS(lseek), ANY },         { SCMP_SYS(getdents64), ANY },
	{ SCMP_SYS(fstat), ANY },         { SCMP_SYS(newfstatat), ANY },
	{ SCMP_SYS(statx), ANY },         { SCMP_SYS(statfs), ANY },
	{ SCMP_SYS(fstatfs), ANY },       { SCMP_SYS(access), ANY },
	{ SCMP_SYS(faccessat), ANY },     { SCMP_SYS(faccessat2), ANY },
	{ SCMP_SYS(readlink), ANY },      { SCMP_SYS(readlinkat), ANY },
	{ SCMP_SYS(ftruncate), ANY },     { SCMP_SYS(fallocate), ANY },
	{ SCMP_SYS(dup), ANY },           { SCMP_SYS(dup2), ANY },
	{ SCMP_SYS(dup3), ANY },
	{ SCMP_SYS(fcntl), ONLY(1, F_DUPFD_CLOEXEC) },
	{ SCMP_SYS(fcntl), ONLY(1, F_GETFD) },
	{ SCMP_SYS(fcntl), ONLY(1, F_SETFD) },
	{ SCMP_SYS(fcntl), ONLY(1, F_GETFL) },
	{ SCMP_SYS(ioctl), ONLY(1, TCGETS) },                       /* isatty() */
	{ SCMP_SYS(ioctl), ONLY(1, NS_GET_TGID_FROM_PIDNS) },       /* who is a namespace's init */
	{ SCMP_SYS(ioctl), ONLY(1, SECCOMP_IOCTL_NOTIF_ID_VALID) }, /* is sysinfo(2) still asked */
	{ SCMP_SYS(ioctl), ONLY(1, SECCOMP_IOCTL_NOTIF_SET_FLAGS) },
	{ SCMP_SYS(ioctl), ONLY(1, SIOCOUTQ) },                     /* is its answer still unread */
	/* memory: none that can be run */
	{ SCMP_SYS(brk), ANY },           { SCMP_SYS(munmap), ANY },
	{ SCMP_SYS(mremap), ANY },        { SCMP_SYS(madvise), ANY },
	{ SCMP_SYS(mmap), MMAP_HOW },     { SCMP_SYS(mprotect), NONE_OF(2, PROT_EXEC) },
	/* threads, of this process; clone3 keeps its flags in memory, and does not exist */
	{ SCMP_SYS(clone), CLONE_FLAGS, CLONE_THREAD, CLONE_THREAD },
	{ SCMP_SYS(set_robust_list), ANY }, { SCMP_SYS(rseq), ANY },
	{ SCMP_SYS(futex), ANY },         { SCMP_SYS(sched_yield), ANY },
	{ SCMP_SYS(sched_getaffinity), ANY }, /* malloc(3) */
	{ SCMP_SYS(exit), ANY },          { SCMP_SYS(exit_group), ANY },
	{ SCMP_SYS(getpid), ANY },        { SCMP_SYS(gettid), ANY },
	{ SCMP_SYS(getppid), ANY },       { SCMP_SYS(getuid), ANY },
	{ SCMP_SYS(geteuid), ANY },       { SCMP_SYS(getrandom), ANY },
	{ SCMP_SYS(sysinfo), ANY },       /* qsort(3) */
	{ SCMP_SYS(prlimit64), ONLY(0, 0) },
	{ SCMP_SYS(personality), ONLY(0, PER_LINUX) },
	{ SCMP_SYS(personality), ONLY(0, PER_LINUX32) },
	/* signals, to this process */
	{ SCMP_SYS(tgkill), SELF },
	{ SCMP_SYS(rt_sigaction), ANY },  { SCMP_SYS(rt_sigprocmask), ANY },
	{ SCMP_SYS(rt_sigreturn), ANY },  { SCMP_SYS(restart_syscall), ANY },
	/* time */
	{ SCMP_SYS(clock_gettime), ANY }, { SCMP_SYS(clock_getres), ANY },
	{ SCMP_SYS(gettimeofday), ANY },  { SCMP_SYS(time), ANY },
	{ SCMP_SYS(nanosleep), ANY },     { SCMP_SYS(clock_nanosleep), ANY },
	/* waiting */
	{ SCMP_SYS(poll), ANY },          { SCMP_SYS(ppoll), ANY },
	{ SCMP_SYS(epoll_create1), ANY }, { SCMP_SYS(epoll_ctl), ANY },
	{ SCMP_SYS(epoll_wait), ANY },    { SCMP_SYS(epoll_pwait), ANY },
	{ SCMP_SYS(eventfd2), ANY },      { SCMP_SYS(pidfd_open), ANY },
	/* sockets that are there */
	{ SCMP_SYS(accept4), ANY },       { SCMP_SYS(shutdown), ANY },
	{ SCMP_SYS(recvmsg), ANY },       { SCMP_SYS(recvfrom), ANY },
	{ SCMP_SYS(sendmsg), ANY },       { SCMP_SYS(sendto), ANY },
	{ SCMP_SYS(getsockopt), ANY },    { SCMP_SYS(setsockopt), ANY },
};
// clang-format on

/* Sanitizers call what they like: with them capabilities alone are dropped. */
#ifdef PCT_SAN
#define FILTERED false
#else
#define FILTERED true
#endif

/* Of those in the table what this process has. */
static int set_capabilities(cap_t to)
{
	cap_flag_value_t has;
	cap_t now = cap_get_proc();
	int r = now ? 0 : -errno;

	for (size_t i = 0; i < ARRAY_LEN(capabilities) && r == 0; i++) {
		cap_value_t cap = capabilities[i].cap;

		if (cap_get_flag(now, cap, CAP_PERMITTED, &has) < 0)
			r = -errno;
		else if (has == CAP_SET && (cap_set_flag(to, CAP_PERMITTED, 1, &cap, CAP_SET) < 0 ||
					    cap_set_flag(to, CAP_EFFECTIVE, 1, &cap, CAP_SET) < 0))
			r = -errno;
	}
	if (r == 0 && cap_set_proc(to) < 0)
		r = -errno;
	cap_free(now);
	return r;
}

static int drop_capabilities(void)
{
	cap_t none = cap_init();
	int r;

	if (!none)
		return -errno;
	/* No program will be started: this is for those that look at /proc/PID/status. */
	for (cap_value_t cap = 0; CAP_IS_SUPPORTED(cap); cap++) {
		bool stays = false;

		for (size_t i = 0; i < ARRAY_LEN(capabilities); i++)
			stays |= capabilities[i].cap == cap;
		if (!stays && cap_drop_bound(cap) < 0)
			debug("drop capability %d for good: %s", (int)cap, strerror(errno));
	}
	(void)cap_reset_ambient(); /* by kernels that have none */
	r = set_capabilities(none);
	cap_free(none);
	return r;
}

static int add_call(scmp_filter_ctx filter, const struct call *c)
{
	struct scmp_arg_cmp cmp = { 0, SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)getpid() };

	if (c->arg == ANY_ARG)
		return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, c->nr, 0, NULL);
	if (c->arg != OUR_PID_FIRST)
		cmp = (struct scmp_arg_cmp){ (unsigned)c->arg, SCMP_CMP_MASKED_EQ, c->mask,
					     c->value };
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, c->nr, 1, &cmp);
}

static int filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_LEN(calls) && r == 0; i++)
		r = add_call(filter, &calls[i]);
	if (r == 0)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int privileges_drop(void)
{
	int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;

	if (r == 0)
		r = drop_capabilities();
	if (r < 0)
		return fail(r, "drop capabilities");
	r = FILTERED ? filter_calls() : 0;
	if (r < 0)
		warn(r, "filter system calls: any can be made");
	return 0;
}
