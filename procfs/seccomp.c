// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

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

struct message {
	struct header head;
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;
};

enum { FD_PROC, FD_MEM, FD_NOTIFY, N_FDS }; /* what comes with it: /proc/PID, its mem, the filter */

struct monitor {
	int fd;
	struct monitor *next;
};

struct seccomp {
	struct callers *callers;
	const char *path;
	int listen, epoll, stop;
	struct monitor *monitors;
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

static int answer(struct seccomp *s, const struct message *m, const int *fds)
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

static bool well_formed(const struct message *m, ssize_t n, int n_fds)
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

/* One call. False: the monitor is gone. */
static bool serve(struct seccomp *s, int fd)
{
	char control[CMSG_SPACE(N_FDS * sizeof(int))];
	struct message m = { 0 };
	char cookie[256];
	struct iovec iov[] = { { &m, sizeof(m) }, { cookie, sizeof(cookie) } };
	struct msghdr h = { .msg_iov = iov,
			    .msg_iovlen = ARRAY_LEN(iov),
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int fds[FDS_ROOM], n_fds, r;
	ssize_t n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	n_fds = take_fds(&h, fds);
	r = well_formed(&m, n, n_fds) ? answer(s, &m, fds) : -EBADMSG;
	while (n_fds > 0)
		close(fds[--n_fds]);
	if (n == 0)
		return false;
	m.answer = (struct seccomp_notif_resp){ .id = m.call.id };
	if (r == -EFAULT)
		m.answer.error = r;
	else if (r < 0) /* in doubt the kernel itself answers: never "no such call" */
		m.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	return send(fd, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(m);
}

static void take_monitor(struct seccomp *s)
{
	auto_fd fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	struct monitor *m;

	if (fd < 0 || !peer_is_root(fd))
		return;
	m = malloc(sizeof(*m));
	if (!m)
		return;
	e.data.ptr = m;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
		free(m);
		return;
	}
	*m = (struct monitor){ take_fd(&fd), s->monitors };
	s->monitors = m;
}

static void drop_monitor(struct seccomp *s, struct monitor *m)
{
	struct monitor **at = &s->monitors;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	close_fd(&m->fd);
	free(m);
}

static void *run(void *arg)
{
	struct seccomp *s = arg;
	struct epoll_event e;

	for (;;) {
		if (epoll_wait(s->epoll, &e, 1, -1) < 1)
			continue;
		if (e.data.ptr == &s->stop)
			return NULL;
		if (e.data.ptr == &s->listen)
			take_monitor(s);
		else if (!serve(s, ((struct monitor *)e.data.ptr)->fd))
			drop_monitor(s, e.data.ptr);
	}
}

static int add_event(struct seccomp *s, int *fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = fd };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, *fd, &e) < 0 ? -errno : 0;
}

int seccomp_start(struct callers *callers, const char *path, struct seccomp **out)
{
	struct seccomp *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return fail(-ENOMEM, "seccomp socket '%s'", path);
	*s = (struct seccomp){ .callers = callers, .path = path };
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->stop = eventfd(0, EFD_CLOEXEC);
	s->listen = listen_at(path, SOCK_SEQPACKET);
	r = s->listen < 0 ? s->listen : s->epoll < 0 || s->stop < 0 ? -EMFILE : 0;
	if (r == 0)
		r = add_event(s, &s->listen);
	if (r == 0)
		r = add_event(s, &s->stop);
	if (r == 0)
		r = -pthread_create(&s->thread, NULL, run, s);
	if (r == 0) {
		*out = s;
		return 0;
	}
	close_fd(&s->epoll);
	close_fd(&s->stop);
	close_fd(&s->listen);
	free(s);
	return r;
}

void seccomp_stop(struct seccomp *s)
{
	if (!s)
		return;
	(void)eventfd_write(s->stop, 1);
	pthread_join(s->thread, NULL);
	while (s->monitors)
		drop_monitor(s, s->monitors);
	(void)unlink(s->path);
	close_fd(&s->listen);
	close_fd(&s->stop);
	close_fd(&s->epoll);
	free(s);
}
