// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/proxy.h"
#include "base/say.h"
#include "procfs/control.h"
#include "procfs/counts.h"
#include "procfs/hands.h"
#include "procfs/mounts.h"
#include "procfs/seccomp.h"
#include "procfs/sysinfo.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

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
	struct kept *kept;    /* the monitors */
	struct mounts mounts; /* only for the thread that leads */
	const char *root;     /* where views are served */
	int epoll;
	int wake; /* for an end, or another helper */
	_Atomic int helper;
	atomic_bool ends;
	struct hands *hands;
	uint64_t left_until;	    /* ms: then all that a worker before us answered is passed on */
	bool may_be_left[KEPT_MAX]; /* what comes first may be such a call */
};

/* Does the caller still wait for this answer? Else its pid may be somebody else's by now. */
static bool still_asked(int notify, uint64_t id)
{
	return ioctl(notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/*
 * Have the kernel wake who is waited for on the CPU of who wakes, which waits then: the monitor,
 * and the caller after it. Since Linux 6.6; it stays so for all calls by that filter.
 */
static void wake_in_turn(int notify)
{
	(void)ioctl(notify, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

/* One call, as it came, and who answers it. */
struct call {
	uint32_t number; /* of its connection */
	const struct call_message *m;
	const int *fds;
	struct hand *me;
	enum hand_is is; /* once it is answered */
};

/* What may take long: to write into memory of a container. */
static int give(struct call *c, const union sysinfo_any *si, size_t size)
{
	ssize_t n;

	if (!still_asked(c->fds[FD_NOTIFY], c->m->call.id))
		return -ESRCH;
	hand_enter(c->me, c->number);
	n = pwrite(c->fds[FD_MEM], si, size, (off_t)c->m->call.data.args[0]);
	c->is = hand_leave(c->me);
	/* Memory that cannot be written is for the kernel to refuse, or to wait for. */
	if (n != (ssize_t)size)
		return -EFAULT;
	return still_asked(c->fds[FD_NOTIFY], c->m->call.id) ? 0 : -ESRCH;
}

static int answer_sysinfo(struct seccomp *s, struct call *c)
{
	uint32_t arch = c->m->call.data.arch;
	union sysinfo_any si;
	struct container *of;
	struct sample now;
	int r;

	if (hands_wait(c->me, c->number))
		return -EBUSY;
	r = caller_of_init(s->callers, c->m->init, &of);
	if (r < 0)
		return r;
	r = container_sample(of, NEED_MEMORY | NEED_AGE | NEED_TASKS, &now);
	container_put(of);
	return r < 0 ? r : give(c, &si, sysinfo_fill(&now, arch, &si));
}

/* Of a caller in the same pid namespace as its container's init: by name. Else by who reads. */
static void root_of(struct seccomp *s, const struct call_message *m, const int *fds,
		    char root[PATH_MAX])
{
	struct container *c = NULL;

	snprintf(root, PATH_MAX, "%s", s->root);
	if (caller_is_beside(s->callers, fds[FD_PROC], m->init) &&
	    caller_of_init(s->callers, m->init, &c) == 0 && c->name)
		snprintf(root, PATH_MAX, "%s/ct/%s", s->root, c->name);
	container_put(c);
}

/* Its memory can keep us waiting, too. */
static bool names_proc(struct call *c, uint64_t address)
{
	bool names;

	if (hands_wait(c->me, c->number))
		return false;
	hand_enter(c->me, c->number);
	names = call_names_proc(c->fds[FD_MEM], address);
	c->is = hand_leave(c->me);
	return names;
}

/*
 * Who asks for a procfs by fsopen(2) is told that there is no such call, and then does as on older
 * kernels: mount(2), which names the type and the target in one.
 */
static int answer_fsopen(struct call *c)
{
	return names_proc(c, c->m->call.data.args[0]) &&
		       still_asked(c->fds[FD_NOTIFY], c->m->call.id)
		   ? -ENOSYS
		   : -ECANCELED;
}

/* What cannot be read the kernel refuses. */
static bool names_views(struct call *c, uint64_t address, struct span mountinfo)
{
	char target[PATH_MAX];
	bool names;

	if (hands_wait(c->me, c->number))
		return false;
	hand_enter(c->me, c->number);
	names = call_text(c->fds[FD_MEM], address, target, sizeof(target));
	c->is = hand_leave(c->me);
	return names && mounts_holds_views(mountinfo, target);
}

/*
 * Most of what is unmounted is no procfs, or busy all the same, and looking at the target itself
 * means to go in there, which takes milliseconds: systemd tries each of its mounts in turn.
 */
static bool unmounts_views(struct call *c)
{
	struct cgv_text buf = { 0 };
	struct span text;
	bool does = cgv_read_text(c->fds[FD_PROC], "mountinfo", &buf, &text) < 0 ||
		    (mounts_has_views(text) && names_views(c, c->m->call.data.args[0], text));

	free(buf.p);
	return does;
}

static int ask_mount(struct seccomp *s, struct call *c)
{
	const struct seccomp_data *d = &c->m->call.data;
	char root[PATH_MAX];

	if (call_kind(d) == CALL_MOUNT ? !names_proc(c, d->args[2]) : !unmounts_views(c))
		return -ECANCELED;
	/* Who kept us waiting for so long that another thread leads now has the kernel's own. */
	if (c->is != HAND_LEADS)
		return -ECANCELED;
	root_of(s, c->m, c->fds, root);
	return mounts_ask(&s->mounts, c->number, &c->m->call, c->m->init, c->fds, root) < 0
		   ? -ECANCELED
		   : ASKED;
}

static int ask_node(struct seccomp *s, struct call *c)
{
	if (!call_makes_node(&c->m->call.data) ||
	    mounts_ask(&s->mounts, c->number, &c->m->call, c->m->init, c->fds, "") < 0)
		return -ECANCELED;
	return ASKED;
}

static int counted(enum count_call call, int r)
{
	counts_call(call, r == -ECANCELED);
	return r;
}

/* As the caller is to have it; -ECANCELED: in doubt the kernel itself answers. */
static int answer(struct seccomp *s, struct call *c)
{
	const struct seccomp_data *d = &c->m->call.data;

	wake_in_turn(c->fds[FD_NOTIFY]);
	if (sysinfo_is(d->arch, d->nr))
		return counted(COUNT_SYSINFO, answer_sysinfo(s, c) < 0 ? -ECANCELED : 0);
	switch (call_kind(d)) {
	case CALL_FSOPEN:
		return counted(COUNT_MOUNT, answer_fsopen(c));
	case CALL_MOUNT:
	case CALL_UMOUNT:
		return counted(COUNT_MOUNT, ask_mount(s, c));
	case CALL_MKNOD:
	case CALL_MKNODAT:
		return counted(COUNT_MKNOD, ask_node(s, c));
	default:
		return -ECANCELED;
	}
}

static bool well_formed(const struct call_message *m, ssize_t n, int n_fds)
{
	return n >= (ssize_t)sizeof(*m) && n_fds == N_FDS &&
	       m->sizes.seccomp_notif == sizeof(m->call) &&
	       m->sizes.seccomp_notif_resp == sizeof(m->answer);
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
 * The helper answers such a caller itself, before we do its monitor: that nobody waits for it any
 * more does not tell what the monitor has heard.
 */
static bool is_helpers(const struct call_message *m)
{
	enum call_kind kind = call_kind(&m->call.data);

	return kind != CALL_OTHER && kind != CALL_FSOPEN;
}

static uint64_t ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/*
 * Was it answered by a worker that ended then? The answer may still be unread in the connection. Or
 * its caller goes on, as soon as the monitor has passed the answer on, and nobody waits for that
 * number any more.
 */
static bool is_answered(const struct seccomp *s, int fd, const struct call_message *m,
			const int *fds)
{
	struct timespec pause = { 0, 1000000 };
	int unread = 0;

	do {
		if (!still_asked(fds[FD_NOTIFY], m->call.id) ||
		    (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0))
			return true;
		nanosleep(&pause, NULL);
	} while (ms() < s->left_until);
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

/*
 * @r: as of answer(). False: the monitor is gone. What is the helper's is consumed first: what a
 * worker finds of it is not replied to.
 */
static bool reply(int fd, struct call_message *m, int r)
{
	bool helpers = is_helpers(m), sent;

	m->answer = (struct seccomp_notif_resp){ .id = m->call.id };
	if (r == -ECANCELED)
		m->answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
		m->answer.error = r;
	if (helpers)
		consume(fd);
	sent = send(fd, m, sizeof(*m), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(*m);
	if (!helpers)
		consume(fd);
	return sent;
}

static int listen_to(struct seccomp *s, int op, uint32_t number, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u64 = number };

	return epoll_ctl(s->epoll, op, kept_fd(s->kept, number), &e) < 0 ? -errno : 0;
}

/* Unless it was answered by a worker before us, as what came first may have been. */
static int answer_once(struct seccomp *s, struct call *c)
{
	bool left = s->may_be_left[c->number];

	s->may_be_left[c->number] = false;
	if (left && is_helpers(c->m))
		return still_asked(c->fds[FD_NOTIFY], c->m->call.id) ? answer(s, c) : -ECANCELED;
	if (left && is_answered(s, kept_fd(s->kept, c->number), c->m, c->fds))
		return -EALREADY;
	return answer(s, c);
}

/* One call. False: the monitor is gone. */
static bool serve(struct seccomp *s, struct hand *me, uint32_t number, enum hand_is *is)
{
	int fd = kept_fd(s->kept, number);
	int fds[FDS_ROOM], n_fds, r = -ECANCELED;
	struct call_message m = { 0 };
	struct call c = { number, &m, fds, me, HAND_LEADS };
	bool there = true;
	ssize_t n;

	if (mounts_is_asked(&s->mounts, number)) /* nothing is heard then but its end */
		return false;
	n = peek(fd, &m, fds, &n_fds);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (well_formed(&m, n, n_fds))
		r = answer_once(s, &c);
	*is = c.is;
	if (r == ASKED)
		there = listen_to(s, EPOLL_CTL_MOD, number, 0) == 0;
	else if (r == -EALREADY)
		consume(fd);
	else if (c.is != HAND_LATE)
		there = reply(fd, &m, r);
	while (n_fds > 0) /* after what somebody waits for */
		close(fds[--n_fds]);
	return there;
}

static void drop(struct seccomp *s, struct hand *me, uint32_t number)
{
	hands_forget(me, number);
	mounts_forget(&s->mounts, number);
	s->may_be_left[number] = false;
	kept_drop(s->kept, number);
}

/* What was asked of the helper: the call is still in the monitor's connection. */
static void serve_mounted(struct seccomp *s, struct hand *me, const struct mounted *a)
{
	int fd = kept_fd(s->kept, a->number);
	int fds[FDS_ROOM], n_fds;
	struct call_message m = { 0 };
	bool sent = fd >= 0;

	if (!sent)
		return;
	if (peek(fd, &m, fds, &n_fds) >= (ssize_t)sizeof(m) && m.call.id == a->id)
		sent = reply(fd, &m, a->result == MOUNTING_CONTINUE ? -ECANCELED : a->result);
	while (n_fds > 0)
		close(fds[--n_fds]);
	if (!sent || listen_to(s, EPOLL_CTL_MOD, a->number, EPOLLIN) < 0)
		drop(s, me, a->number);
}

/* ---- what hands ask for ---- */

static void set_aside(void *arg, uint32_t number)
{
	(void)listen_to(arg, EPOLL_CTL_DEL, number, 0);
}

static void hear_again(struct seccomp *s, uint32_t number)
{
	int r = listen_to(s, EPOLL_CTL_ADD, number, EPOLLIN);

	if (r < 0)
		warn(r, "hear a monitor again: its container's sysinfo(2) will fail");
}

static void give_up(void *arg, uint32_t number)
{
	struct seccomp *s = arg;
	int fd = kept_fd(s->kept, number);
	int fds[FDS_ROOM], n_fds;
	struct call_message m = { 0 };

	if (peek(fd, &m, fds, &n_fds) > 0)
		(void)reply(fd, &m, -ECANCELED);
	while (n_fds > 0)
		close(fds[--n_fds]);
	hear_again(s, number);
}

enum { EV_WAKE = KEPT_MAX, EV_HELPER };

static int add_event(struct seccomp *s, int fd, uint64_t tag)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = tag };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* False: it is the end, for every thread that hears of it. */
static bool wake(struct seccomp *s)
{
	eventfd_t n;
	int fd;

	if (s->ends)
		return false;
	(void)eventfd_read(s->wake, &n);
	fd = atomic_exchange(&s->helper, -EBADF);
	if (fd >= 0) {
		mounts_helper(&s->mounts, fd);
		(void)!add_event(s, fd, EV_HELPER);
	}
	return true;
}

/* A monitor has something to say. False: another thread leads now. */
static bool hear(struct seccomp *s, struct hand *me, uint32_t number)
{
	enum hand_is is = HAND_LEADS;
	bool there = serve(s, me, number, &is);

	if (is == HAND_ALONE)
		hear_again(s, number); /* and that it is gone, if it is */
	if (is != HAND_LEADS)
		return false;
	if (!there)
		drop(s, me, number);
	return true;
}

static void lead(void *arg, struct hand *me)
{
	struct seccomp *s = arg;
	struct epoll_event e;
	struct mounted a;

	for (;;) {
		int n = epoll_wait(s->epoll, &e, 1, s->mounts.n ? LATE_MS : -1);

		while (mounts_late(&s->mounts, &a))
			serve_mounted(s, me, &a);
		if (n < 1)
			continue;
		if (e.data.u64 < KEPT_MAX && !hear(s, me, (uint32_t)e.data.u64))
			return;
		if (e.data.u64 == EV_WAKE && !wake(s))
			return;
		if (e.data.u64 == EV_HELPER && mounts_hear(&s->mounts, &a))
			serve_mounted(s, me, &a);
	}
}

int seccomp_monitor(struct seccomp *s, uint32_t number, int fd)
{
	int r = kept_add(s->kept, number, fd);

	if (r < 0)
		return r;
	if (listen_to(s, EPOLL_CTL_ADD, number, EPOLLIN) < 0)
		kept_drop(s->kept, number);
	return 0;
}

/* Of a worker before us, with what it may have left unanswered. */
static int take_kept(struct seccomp *s)
{
	int r = 0;

	s->left_until = ms() + LEFT_MS;
	for (uint32_t id = 1; id < KEPT_MAX && r == 0; id++) {
		int fd = kept_fd(s->kept, id);

		s->may_be_left[id] =
		    fd >= 0 && recv(fd, &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
		if (fd >= 0)
			r = listen_to(s, EPOLL_CTL_ADD, id, EPOLLIN);
	}
	return r;
}

int seccomp_start(struct callers *callers, struct kept *kept, int helper, const char *root,
		  struct seccomp **out)
{
	static const struct hands_calls calls = { lead, set_aside, give_up };
	struct seccomp *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	*s = (struct seccomp){ .callers = callers,
			       .kept = kept,
			       .mounts = { .helper = helper },
			       .root = root,
			       .helper = -EBADF };
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = s->epoll < 0 || s->wake < 0 ? -EMFILE : add_event(s, s->wake, EV_WAKE);
	if (r == 0 && helper >= 0)
		r = add_event(s, helper, EV_HELPER);
	if (r == 0)
		r = take_kept(s);
	if (r == 0)
		r = hands_start(&calls, s, &s->hands);
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
	if (!hands_stop(s->hands))
		return;
	mounts_helper(&s->mounts, -EBADF);
	mounts_helper(&s->mounts, s->helper);
	mounts_helper(&s->mounts, -EBADF);
	close_fd(&s->wake);
	close_fd(&s->epoll);
	free(s);
}
