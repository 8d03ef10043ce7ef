// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "base/say.h"
#include "procfs/control.h"
#include "procfs/mounts.h"
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
#define LATE_MS 250 /* how often those are looked for whose answer is late */

/* What comes with it: /proc/PID, its mem, the filter. */
enum {
	FD_PROC = MOUNTING_PROC,
	FD_MEM = MOUNTING_MEM,
	FD_NOTIFY = MOUNTING_NOTIFY,
	N_FDS = MOUNTING_FDS,
};

enum { ASKED = 1 }; /* somebody else, and the call waits */

struct seccomp {
	struct callers *callers;
	struct kept *kept; /* the monitors */
	struct mounts mounts;
	const char *root; /* where views are served */
	int listen, epoll;
	int wake; /* for an end, or another helper */
	_Atomic int helper;
	atomic_bool ends;
	pthread_t thread;
};

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

static int answer_sysinfo(struct seccomp *s, const struct call_message *m, const int *fds)
{
	struct container *c;
	struct sysinfo si;
	struct sample now;
	int r;

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

/* Of a caller in the same pid namespace as its container's init: by name. Else by who reads. */
static void root_of(struct seccomp *s, const struct call_message *m, const int *fds,
		    char root[PATH_MAX])
{
	struct container *c = NULL;

	snprintf(root, PATH_MAX, "%s", s->root);
	if (caller_is_beside(s->callers, fds[FD_PROC], m->head.init) &&
	    caller_of_init(s->callers, m->head.init, &c) == 0 && c->name)
		snprintf(root, PATH_MAX, "%s/ct/%s", s->root, c->name);
	container_put(c);
}

/*
 * Who asks for a procfs by fsopen(2) is told that there is no such call, and then does as on older
 * kernels: mount(2), which names the type and the target in one.
 */
static int answer_fsopen(const struct call_message *m, const int *fds)
{
	return call_names_proc(fds[FD_MEM], m->call.data.args[0]) &&
		       still_asked(fds[FD_NOTIFY], m->call.id)
		   ? -ENOSYS
		   : -ECANCELED;
}

/* Most of what is unmounted is no procfs, and looking at the target itself means to go in there. */
static bool has_views(int proc)
{
	struct cgv_text buf = { 0 };
	struct span text;
	bool has = cgv_read_text(proc, "mountinfo", &buf, &text) < 0 || mounts_has_views(text);

	free(buf.p);
	return has;
}

static int ask_mount(struct seccomp *s, uint32_t number, const struct call_message *m,
		     const int *fds)
{
	char root[PATH_MAX];

	if (call_kind(&m->call.data) == CALL_MOUNT &&
	    !call_names_proc(fds[FD_MEM], m->call.data.args[2]))
		return -ECANCELED;
	if (call_kind(&m->call.data) == CALL_UMOUNT && !has_views(fds[FD_PROC]))
		return -ECANCELED;
	root_of(s, m, fds, root);
	return mounts_ask(&s->mounts, number, &m->call, m->head.init, fds, root) < 0 ? -ECANCELED
										     : ASKED;
}

static int answer(struct seccomp *s, uint32_t number, const struct call_message *m, const int *fds)
{
	switch (call_kind(&m->call.data)) {
	case CALL_SYSINFO:
		return answer_sysinfo(s, m, fds);
	case CALL_FSOPEN:
		return answer_fsopen(m, fds);
	case CALL_MOUNT:
	case CALL_UMOUNT:
		return ask_mount(s, number, m, fds);
	default:
		return -ECANCELED;
	}
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

/* @r: as the caller is to have it. False: the monitor is gone. */
static bool reply(int fd, struct call_message *m, int r)
{
	m->answer = (struct seccomp_notif_resp){ .id = m->call.id };
	if (r == -ECANCELED) /* in doubt the kernel itself answers: never "no such call" */
		m->answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
		m->answer.error = r;
	return send(fd, m, sizeof(*m), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(*m);
}

static bool listen_to(struct seccomp *s, uint32_t number, bool on)
{
	struct epoll_event e = { .events = on ? EPOLLIN : 0, .data.u64 = number };

	return epoll_ctl(s->epoll, EPOLL_CTL_MOD, kept_fd(s->kept, number), &e) == 0;
}

static void drop(struct seccomp *s, uint32_t number)
{
	mounts_forget(&s->mounts, number);
	kept_drop(s->kept, number);
}

/* One call. @left: it may have been answered. False: the monitor is gone. */
static bool serve(struct seccomp *s, uint32_t number, bool left)
{
	int fd = kept_fd(s->kept, number);
	int fds[FDS_ROOM], n_fds, r = -EBADMSG;
	struct call_message m = { 0 };
	ssize_t n;
	bool sent = true;

	if (mounts_is_asked(&s->mounts, number)) /* nothing is heard then but its end */
		return false;
	n = peek(fd, &m, fds, &n_fds);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (well_formed(&m, n, n_fds))
		r = left && is_answered(&m, fds) ? -EALREADY : answer(s, number, &m, fds);
	while (n_fds > 0)
		close(fds[--n_fds]);
	if (r == ASKED)
		return listen_to(s, number, false);
	if (r != -EALREADY)
		sent = reply(fd, &m, r == 0 || r == -EFAULT || r == -ENOSYS ? r : -ECANCELED);
	consume(fd);
	return sent;
}

/* What was asked of the helper: the call is still in the monitor's connection. */
static void serve_mounted(struct seccomp *s, const struct mounted *a)
{
	int fd = kept_fd(s->kept, a->number);
	int fds[FDS_ROOM], n_fds;
	struct call_message m = { 0 };
	bool sent = fd >= 0;

	if (!sent)
		return;
	if (peek(fd, &m, fds, &n_fds) >= (ssize_t)sizeof(m) && m.call.id == a->id) {
		sent = reply(fd, &m, a->result == MOUNTING_CONTINUE ? -ECANCELED : a->result);
		consume(fd);
	}
	while (n_fds > 0)
		close(fds[--n_fds]);
	if (!sent || !listen_to(s, a->number, true))
		drop(s, a->number);
}

enum { EV_LISTEN = KEPT_MAX, EV_WAKE, EV_HELPER };

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

static void hear_helper(struct seccomp *s)
{
	struct mounted a;

	if (mounts_hear(&s->mounts, &a))
		serve_mounted(s, &a);
}

/* False: it is the end. */
static bool wake(struct seccomp *s)
{
	eventfd_t n;
	int fd;

	(void)eventfd_read(s->wake, &n);
	fd = atomic_exchange(&s->helper, -EBADF);
	if (fd >= 0) {
		mounts_helper(&s->mounts, fd);
		(void)!add_event(s, fd, EV_HELPER);
	}
	return !s->ends;
}

static void *run(void *arg)
{
	struct seccomp *s = arg;
	struct epoll_event e;
	struct mounted late;

	for (;;) {
		int n = epoll_wait(s->epoll, &e, 1, s->mounts.n ? LATE_MS : -1);

		while (mounts_late(&s->mounts, &late))
			serve_mounted(s, &late);
		if (n < 1)
			continue;
		if (e.data.u64 == EV_WAKE && !wake(s))
			return NULL;
		if (e.data.u64 == EV_LISTEN)
			take_monitor(s);
		else if (e.data.u64 == EV_HELPER)
			hear_helper(s);
		else if (e.data.u64 < KEPT_MAX && !serve(s, (uint32_t)e.data.u64, false))
			drop(s, (uint32_t)e.data.u64);
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
		r = add_event(s, fd, id);
		if (r == 0 && !serve(s, id, true))
			kept_drop(s->kept, id);
	}
	return r;
}

int seccomp_start(struct callers *callers, int listen, struct kept *kept, int helper,
		  const char *root, struct seccomp **out)
{
	struct seccomp *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	*s = (struct seccomp){ .callers = callers,
			       .kept = kept,
			       .mounts = { .helper = helper },
			       .root = root,
			       .listen = listen,
			       .helper = -EBADF };
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = s->epoll < 0 || s->wake < 0 ? -EMFILE : add_event(s, s->listen, EV_LISTEN);
	if (r == 0)
		r = add_event(s, s->wake, EV_WAKE);
	if (r == 0 && helper >= 0)
		r = add_event(s, helper, EV_HELPER);
	if (r == 0)
		r = take_kept(s);
	if (r == 0)
		r = -pthread_create(&s->thread, NULL, run, s);
	if (r == 0) {
		*out = s;
		return 0;
	}
	close_fd(&s->epoll);
	close_fd(&s->wake);
	free(s);
	return r;
}

void seccomp_helper(struct seccomp *s, int fd)
{
	int before = atomic_exchange(&s->helper, fd);

	close_fd(&before);
	(void)eventfd_write(s->wake, 1);
}

void seccomp_stop(struct seccomp *s)
{
	if (!s)
		return;
	s->ends = true;
	(void)eventfd_write(s->wake, 1);
	pthread_join(s->thread, NULL);
	mounts_helper(&s->mounts, -EBADF);
	mounts_helper(&s->mounts, s->helper);
	mounts_helper(&s->mounts, -EBADF);
	close_fd(&s->wake);
	close_fd(&s->epoll);
	free(s);
}
