// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "base/say.h"
#include "procfs/control.h"
#include "procfs/seccomp.h"

/* The message of lxc-seccomp-notify: a header, the kernel's two structures, a cookie. */
struct header {
	uint64_t reserved;
	pid_t monitor, init;
	struct seccomp_notif_sizes sizes;
	uint64_t cookie_len;
};

struct call_message {
	struct header head;
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;
};

#define LEFT_MS 100 /* in which a monitor passes an answer on */

enum { FD_PROC, FD_MEM, FD_NOTIFY, N_FDS }; /* what comes with it: /proc/PID, its mem, the filter */

struct seccomp {
	struct callers *callers;
	struct kept *kept; /* the monitors */
	int listen, epoll, stop;
	pthread_t thread;
};

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__s390x__)
#define NATIVE AUDIT_ARCH_S390X
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#else
#define NATIVE 0
#endif

static unsigned long load_of(const struct sample *s, int i)
{
	return (unsigned long)(s->load.avg[i] << (SI_LOAD_SHIFT - CGV_LOAD_SHIFT));
}

static void fill(const struct sample *s, struct sysinfo *si)
{
	uint64_t procs = MIN(s->tasks.total, (uint64_t)UINT16_MAX);

	*si = (struct sysinfo){
		.uptime = (long)(s->age.uptime / CGV_NSEC),
		.loads = { load_of(s, 0), load_of(s, 1), load_of(s, 2) },
		.totalram = s->memory.total,
		.freeram = s->memory.free,
		.sharedram = s->memory.shmem,
		.totalswap = s->memory.swap_total,
		.freeswap = s->memory.swap_free,
		.procs = (unsigned short)procs,
		.mem_unit = 1,
	};
}

/* Does the caller still wait for this answer? Else its pid may be somebody else's by now. */
static bool still_asked(int notify, uint64_t id)
{
	return ioctl(notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int answer(struct seccomp *s, const struct call_message *m, const int *fds)
{
	struct container *c;
	struct sysinfo si;
	struct sample now;
	int r;

	if (m->call.data.arch != NATIVE || m->call.data.nr != SYS_sysinfo)
		return -ENOSYS;
	r = caller_of_init(s->callers, m->head.init, &c);
	if (r < 0)
		return r;
	r = container_sample(c, NEED_MEMORY | NEED_AGE | NEED_TASKS, &now);
	container_put(c);
	if (r < 0)
		return r;
	fill(&now, &si);
	if (!still_asked(fds[FD_NOTIFY], m->call.id))
		return -ESRCH;
	if (pwrite(fds[FD_MEM], &si, sizeof(si), (off_t)m->call.data.args[0]) != sizeof(si))
		return -EFAULT;
	return still_asked(fds[FD_NOTIFY], m->call.id) ? 0 : -ESRCH;
}

static bool well_formed(const struct call_message *m, ssize_t n, int n_fds)
{
	return n >= (ssize_t)sizeof(*m) && n_fds == N_FDS &&
	       m->head.sizes.seccomp_notif == sizeof(m->call) &&
	       m->head.sizes.seccomp_notif_resp == sizeof(m->answer);
}

/* Room for what alignment lets through beside those there should be. */
#define FDS_ROOM ((CMSG_SPACE(N_FDS * sizeof(int)) - CMSG_LEN(0)) / sizeof(int))

static int take_fds(struct msghdr *h, int fds[FDS_ROOM])
{
	int n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), (size_t)n * sizeof(int));
	}
	return n;
}

/*
 * Was it answered by a worker that ended then? Its caller goes on, as soon as the monitor has
 * passed the answer on, and nobody waits for that number any more.
 */
static bool is_answered(const struct call_message *m, const int *fds)
{
	struct timespec ms = { 0, 1000000 };

	for (int i = 0; i < LEFT_MS; i++) {
		if (!still_asked(fds[FD_NOTIFY], m->call.id))
			return true;
		nanosleep(&ms, NULL);
	}
	return false;
}

/* It stays in the socket until it is answered: a worker that ends leaves it to the next. */
static ssize_t peek(int fd, struct call_message *m, int fds[FDS_ROOM], int *n_fds)
{
	char control[CMSG_SPACE(N_FDS * sizeof(int))];
	char cookie[256];
	struct iovec iov[] = { { m, sizeof(*m) }, { cookie, sizeof(cookie) } };
	struct msghdr h = { .msg_iov = iov,
			    .msg_iovlen = ARRAY_LEN(iov),
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &h, MSG_PEEK | MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	*n_fds = n < 0 ? 0 : take_fds(&h, fds);
	return n;
}

static void consume(int fd)
{
	char byte;

	/* Without room for them, what comes along is closed by the kernel. */
	(void)recv(fd, &byte, 1, MSG_DONTWAIT | MSG_TRUNC);
}

/* One call. @left: it may have been answered. False: the monitor is gone. */
static bool serve(struct seccomp *s, int fd, bool left)
{
	int fds[FDS_ROOM], n_fds, r = -EBADMSG;
	struct call_message m = { 0 };
	ssize_t n = peek(fd, &m, fds, &n_fds);
	bool sent = true;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (well_formed(&m, n, n_fds))
		r = left && is_answered(&m, fds) ? -EALREADY : answer(s, &m, fds);
	while (n_fds > 0)
		close(fds[--n_fds]);
	m.answer = (struct seccomp_notif_resp){ .id = m.call.id };
	if (r == -EFAULT)
		m.answer.error = r;
	else if (r < 0) /* in doubt the kernel itself answers: never "no such call" */
		m.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (r != -EALREADY)
		sent = send(fd, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(m);
	consume(fd);
	return sent;
}

enum { EV_LISTEN = KEPT_MAX, EV_STOP };

static int add_event(struct seccomp *s, int fd, uint64_t tag)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = tag };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static void take_monitor(struct seccomp *s)
{
	auto_fd fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC);
	int id;

	if (fd < 0 || !peer_is_root(fd))
		return;
	id = kept_new(s->kept, fd);
	if (id < 0) {
		warn(id, "keep the connection of a monitor: its container asks the kernel itself");
		return;
	}
	if (add_event(s, fd, (uint64_t)id) < 0)
		kept_drop(s->kept, (uint32_t)id);
	(void)take_fd(&fd);
}

static void *run(void *arg)
{
	struct seccomp *s = arg;
	struct epoll_event e;

	for (;;) {
		if (epoll_wait(s->epoll, &e, 1, -1) < 1)
			continue;
		if (e.data.u64 == EV_STOP)
			return NULL;
		if (e.data.u64 == EV_LISTEN)
			take_monitor(s);
		else if (!serve(s, kept_fd(s->kept, (uint32_t)e.data.u64), false))
			kept_drop(s->kept, (uint32_t)e.data.u64);
	}
}

/* Of a worker before us, with what it may have left unanswered. */
static int take_kept(struct seccomp *s)
{
	int r = 0;

	for (uint32_t id = 1; id < KEPT_MAX && r == 0; id++) {
		int fd = kept_fd(s->kept, id);

		if (fd < 0)
			continue;
		if (serve(s, fd, true))
			r = add_event(s, fd, id);
		else
			kept_drop(s->kept, id);
	}
	return r;
}

int seccomp_start(struct callers *callers, int listen, struct kept *kept, struct seccomp **out)
{
	struct seccomp *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	*s = (struct seccomp){ .callers = callers, .kept = kept, .listen = listen };
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->stop = eventfd(0, EFD_CLOEXEC);
	r = s->epoll < 0 || s->stop < 0 ? -EMFILE : add_event(s, s->listen, EV_LISTEN);
	if (r == 0)
		r = add_event(s, s->stop, EV_STOP);
	if (r == 0)
		r = take_kept(s);
	if (r == 0)
		r = -pthread_create(&s->thread, NULL, run, s);
	if (r == 0) {
		*out = s;
		return 0;
	}
	close_fd(&s->epoll);
	close_fd(&s->stop);
	free(s);
	return r;
}

void seccomp_stop(struct seccomp *s)
{
	if (!s)
		return;
	(void)eventfd_write(s->stop, 1);
	pthread_join(s->thread, NULL);
	close_fd(&s->stop);
	close_fd(&s->epoll);
	free(s);
}
