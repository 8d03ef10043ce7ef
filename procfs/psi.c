// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/say.h"
#include "procfs/psi.h"

#define TEXT_MAX 64 /* longer than any trigger the kernel takes */
#define AT_ONCE	 64 /* events */
#define BUCKETS	 4096

/* A file is always readable and writable; these are beside that. */
#define ALWAYS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

struct trigger {
	uint64_t fh;
	int fd; /* of the cgroup's file; the trigger lives as long as it is open */
	bool fired, gone;
	uint64_t waiter; /* 0: nobody waits */
	struct trigger *next;
};

struct psi {
	pthread_mutex_t lock;
	struct trigger *bucket[BUCKETS]; /* by open file */
	unsigned n, most;
	int fuse, epoll, stop;
	pthread_t thread;
};

static void tell_waiter(const struct psi *p, struct trigger *t)
{
	struct {
		struct fuse_out_header head;
		struct fuse_notify_poll_wakeup_out wakeup;
	} m = { { sizeof(m), FUSE_NOTIFY_POLL, 0 }, { t->waiter } };

	if (t->waiter && write(p->fuse, &m, sizeof(m)) < 0 && errno != ENOENT)
		warn(-errno, "wake who waits for pressure");
	t->waiter = 0;
}

/* Handles are of rows, which are numbered from 1, in their lower half. */
static struct trigger **place_of(struct psi *p, uint64_t fh)
{
	struct trigger **at = &p->bucket[fh % BUCKETS];

	while (*at && (*at)->fh != fh)
		at = &(*at)->next;
	return at;
}

/*
 * Events carry the open file's number, not an address: the trigger may be dropped before its
 * event is read. No two files ever have one number.
 */
static void event(struct psi *p, uint64_t fh, uint32_t events)
{
	struct trigger *t;

	pthread_mutex_lock(&p->lock);
	t = *place_of(p, fh);
	if (t) {
		t->fired = true;
		if (events & EPOLLERR) { /* the cgroup was removed: nothing more will come */
			t->gone = true;
			(void)epoll_ctl(p->epoll, EPOLL_CTL_DEL, t->fd, NULL);
		}
		tell_waiter(p, t);
	}
	pthread_mutex_unlock(&p->lock);
}

static void *run(void *arg)
{
	struct epoll_event e[AT_ONCE];
	struct psi *p = arg;

	for (;;) {
		int n = epoll_wait(p->epoll, e, AT_ONCE, -1);

		for (int i = 0; i < n; i++) {
			if (e[i].data.u64 == 0)
				return NULL;
			event(p, e[i].data.u64, e[i].events);
		}
	}
}

int psi_start(int fuse_fd, unsigned most, struct psi **out)
{
	struct epoll_event stop = { .events = EPOLLIN, .data.u64 = 0 };
	struct psi *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	pthread_mutex_init(&p->lock, NULL);
	p->fuse = fuse_fd;
	p->most = most;
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->stop = eventfd(0, EFD_CLOEXEC);
	r = p->epoll < 0 || p->stop < 0 || epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->stop, &stop) < 0
		? -errno
		: -pthread_create(&p->thread, NULL, run, p);
	if (r == 0) {
		*out = p;
		return 0;
	}
	close_fd(&p->epoll);
	close_fd(&p->stop);
	free(p);
	return r;
}

void psi_stop(struct psi *p)
{
	if (!p)
		return;
	(void)eventfd_write(p->stop, 1);
	pthread_join(p->thread, NULL);
	close_fd(&p->epoll);
	close_fd(&p->stop);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static int add(struct psi *p, struct trigger *t)
{
	struct epoll_event e = { .events = EPOLLPRI | EPOLLERR, .data.u64 = t->fh };
	struct trigger **at;
	int r = -EBUSY;

	pthread_mutex_lock(&p->lock);
	at = place_of(p, t->fh);
	if (!*at)
		r = p->n >= p->most					? -ENFILE
		    : epoll_ctl(p->epoll, EPOLL_CTL_ADD, t->fd, &e) < 0 ? -errno
									: 0;
	if (r == 0) {
		*at = t;
		p->n++;
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}

static bool has_one(struct psi *p, uint64_t fh)
{
	bool has;

	pthread_mutex_lock(&p->lock);
	has = *place_of(p, fh) != NULL;
	pthread_mutex_unlock(&p->lock);
	return has;
}

int psi_set(struct psi *p, struct container *c, enum cgv_pressure kind, const char *text,
	    size_t size, uint64_t fh)
{
	auto_place place = container_place(c);
	auto_fd fd = -EBADF;
	struct trigger *t;
	int r;

	if (has_one(p, fh))
		return -EBUSY;
	fd = size > TEXT_MAX ? -EINVAL : cgv_pressure_open(place, kind, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		return fd;
	if (write(fd, text, size) < 0)
		return -errno;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->fh = fh;
	t->fd = fd;
	r = add(p, t);
	if (r < 0) {
		free(t);
		return r;
	}
	(void)take_fd(&fd);
	return 0;
}

void psi_drop(struct psi *p, uint64_t fh)
{
	struct trigger **at, *t;

	pthread_mutex_lock(&p->lock);
	at = place_of(p, fh);
	t = *at;
	if (t) {
		*at = t->next;
		p->n--;
	}
	pthread_mutex_unlock(&p->lock);
	if (t)
		close_fd(&t->fd);
	free(t);
}

unsigned psi_poll(struct psi *p, uint64_t fh, uint64_t waiter)
{
	unsigned told = ALWAYS;
	struct trigger *t;

	pthread_mutex_lock(&p->lock);
	t = *place_of(p, fh);
	if (!t) /* the kernel's own file says this */
		told |= POLLERR | POLLPRI;
	else if (t->fired)
		told |= POLLPRI;
	if (t && t->gone)
		told |= POLLERR;
	if (t)
		t->fired = t->gone;
	if (waiter && t)
		t->waiter = waiter;
	pthread_mutex_unlock(&p->lock);
	return told;
}
