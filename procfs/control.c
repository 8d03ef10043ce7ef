// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/say.h"
#include "procfs/control.h"
#include "procfs/requests.h"

#define LINE	65536 /* longest request */
#define CLIENTS 64    /* at a time */

struct client {
	int fd;
	struct client *next, *prev;
	char *unsent; /* of an answer; no request is looked at before it is gone. NULL: none */
	size_t sent, answer_len;
	size_t len;
	char line[LINE];
};

struct control {
	struct requests requests;
	int listen, epoll, stop;
	unsigned n_clients;
	struct client *clients;
	pthread_t thread;
};

/* Nobody is waited for: what does not fit now goes when there is room. False: gone. */
static bool send_unsent(struct control *c, struct client *cl)
{
	struct epoll_event e = { .events = EPOLLOUT, .data.ptr = cl };
	ssize_t n = 0;

	while (cl->sent < cl->answer_len && n >= 0) {
		n = send(cl->fd, cl->unsent + cl->sent, cl->answer_len - cl->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		cl->sent += (size_t)MAX(n, (ssize_t)0);
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	if (n >= 0) {
		free(take_ptr(cl->unsent));
		e.events = EPOLLIN;
	}
	return epoll_ctl(c->epoll, EPOLL_CTL_MOD, cl->fd, &e) == 0;
}

/* @text is taken over. False: the client takes no answer, and is done with. */
static bool answer(struct control *c, struct client *cl, char *text)
{
	if (!text)
		return false;
	cl->unsent = text;
	cl->sent = 0;
	cl->answer_len = strlen(text);
	return send_unsent(c, cl);
}

static void client_close(struct control *c, struct client *cl)
{
	if (cl->prev)
		cl->prev->next = cl->next;
	else
		c->clients = cl->next;
	if (cl->next)
		cl->next->prev = cl->prev;
	c->n_clients--;
	close_fd(&cl->fd);
	free(cl->unsent);
	free(cl);
}

/* Whole lines are served, as long as their answers find room; the rest is kept. */
static bool serve_lines(struct control *c, struct client *cl)
{
	char *start = cl->line, *nl;
	bool goes_on = true;

	while (goes_on && !cl->unsent &&
	       (nl = memchr(start, '\n', cl->len - (size_t)(start - cl->line)))) {
		goes_on = answer(c, cl, requests_answer(&c->requests, start, (size_t)(nl - start)));
		start = nl + 1;
	}
	cl->len -= (size_t)(start - cl->line);
	memmove(cl->line, start, cl->len);
	if (!goes_on || cl->unsent || cl->len < LINE)
		return goes_on;
	(void)answer(c, cl, requests_too_long(LINE));
	return false;
}

/* What came so far, or had to wait. False: done with the client. */
static bool serve(struct control *c, struct client *cl)
{
	ssize_t n;

	if (cl->unsent)
		return send_unsent(c, cl) && (cl->unsent || serve_lines(c, cl));
	n = recv(cl->fd, cl->line + cl->len, LINE - cl->len, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	cl->len += (size_t)n;
	return serve_lines(c, cl);
}

bool peer_is_root(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && peer.uid == 0;
}

static void take_client(struct control *c)
{
	auto_fd fd = accept4(c->listen, NULL, NULL, SOCK_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	struct client *cl;

	if (fd < 0 || !peer_is_root(fd) || c->n_clients == CLIENTS)
		return;
	cl = malloc(sizeof(*cl));
	if (!cl)
		return;
	e.data.ptr = cl;
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
		free(cl);
		return;
	}
	cl->fd = take_fd(&fd);
	cl->unsent = NULL;
	cl->len = 0;
	cl->prev = NULL;
	cl->next = c->clients;
	if (c->clients)
		c->clients->prev = cl;
	c->clients = cl;
	c->n_clients++;
}

static void init_ended(struct control *c, uint32_t slot)
{
	struct container *known = registry_by_slot(c->requests.fs->registry, slot);

	if (!known)
		return;
	debug("container '%s' ended", known->name);
	registry_remove(c->requests.fs->registry, known);
	container_put(known);
}

enum { EV_LISTEN = 0, EV_STOP = 2 };

static void *run(void *arg)
{
	struct control *c = arg;
	struct epoll_event e;

	for (;;) {
		if (epoll_wait(c->epoll, &e, 1, -1) < 1)
			continue;
		if (e.data.u64 == EV_STOP)
			return NULL;
		if (e.data.u64 == EV_LISTEN)
			take_client(c);
		else if (e.data.u64 & 1)
			init_ended(c, (uint32_t)(e.data.u64 >> 1));
		else if (!serve(c, e.data.ptr))
			client_close(c, e.data.ptr);
	}
}

int listen_at(const char *path, int type)
{
	return listen_for(path, type, 0600);
}

int listen_for(const char *path, int type, mode_t mode)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(-errno, "make a socket");
	if ((size_t)snprintf(a.sun_path, sizeof(a.sun_path), "%s.new", path) >= sizeof(a.sun_path))
		return fail(-ENAMETOOLONG, "socket '%s'", path);
	(void)unlink(a.sun_path);
	/*
	 * Made with these permissions, not changed to them after; and in its place when it listens
	 * already: one that was there before is dialled until then.
	 */
	if (fchmod(fd, mode) < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 128) < 0 || rename(a.sun_path, path) < 0)
		return fail(-errno, "listen on '%s'", path);
	return take_fd(&fd);
}

static int add_event(struct control *c, int fd, uint64_t tag)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = tag };

	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* Those that an earlier daemon had registered. */
static int watch_all(const struct control *c)
{
	struct container **all;
	unsigned n;
	int r = registry_all(c->requests.fs->registry, &all, &n);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < n && r == 0; i++)
		if (all[i]->name && all[i]->pidfd >= 0)
			r = requests_watch(&c->requests, all[i]);
	registry_put_all(all, n);
	return r;
}

int control_start(struct fs *fs, int sock, const char *mount, const char *fast,
		  struct control **out)
{
	struct control *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	*c = (struct control){ .requests = { .fs = fs, .mount = mount, .fast = fast },
			       .listen = sock };
	c->epoll = c->requests.watch = epoll_create1(EPOLL_CLOEXEC);
	c->stop = eventfd(0, EFD_CLOEXEC);
	r = c->epoll < 0 || c->stop < 0 ? -EMFILE : 0;
	if (r == 0)
		r = add_event(c, c->listen, EV_LISTEN);
	if (r == 0)
		r = add_event(c, c->stop, EV_STOP);
	if (r == 0)
		r = watch_all(c);
	if (r == 0)
		r = -pthread_create(&c->thread, NULL, run, c);
	if (r == 0) {
		*out = c;
		return 0;
	}
	close_fd(&c->epoll);
	close_fd(&c->stop);
	free(c);
	return r;
}

void control_stop(struct control *c)
{
	if (!c)
		return;
	(void)eventfd_write(c->stop, 1);
	pthread_join(c->thread, NULL);
	while (c->clients)
		client_close(c, c->clients);
	close_fd(&c->stop);
	close_fd(&c->epoll);
	free(c);
}
