// SPDX-License-Identifier: LGPL-2.1-or-later
#include <json-c/json.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/say.h"
#include "procfs/control.h"

#define LINE	 65536 /* longest request */
#define CLIENTS	 64    /* at a time */
#define NAME_LEN 200   /* longest id of a container */

struct client {
	int fd;
	struct client *next, *prev;
	size_t len;
	char line[LINE];
};

struct control {
	struct fs *fs;
	const char *mount, *path;
	int listen, epoll, stop;
	unsigned n_clients;
	struct client *clients;
	pthread_t thread;
};

static void put_json(json_object **o)
{
	json_object_put(*o);
}
#define auto_json CLEANUP(put_json) json_object *

static void add_text(json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static int error(json_object *out, int r, const char *fmt, ...) FORMAT(3, 4);
static int error(json_object *out, int r, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add_text(out, "error", text);
	return r;
}

/* ---- requests ---- */

static json_object *views(const struct tree *t)
{
	json_object *list = json_object_new_array();
	size_t n;

	for (size_t i = 0; i < n_files; i++) {
		if (tree_find(t, files[i].path) == NODE_NONE)
			continue;
		n = strlen(files[i].path);
		n -= files[i].path[n - 1] == '/';
		json_object_array_add(list, json_object_new_string_len(files[i].path, (int)n));
	}
	return list;
}

static int ping(struct control *c, json_object *in, json_object *out)
{
	(void)in;
	json_object_object_add(out, "pid", json_object_new_int(getpid()));
	add_text(out, "mount", c->mount);
	json_object_object_add(out, "views", views(&c->fs->tree));
	return 0;
}

/* A member that names something: text, not empty, and fit to stand in a path and a message. */
static int get_name(json_object *in, json_object *out, const char *key, size_t longest,
		    const char **value)
{
	json_object *o;

	if (!json_object_object_get_ex(in, key, &o) || !json_object_is_type(o, json_type_string))
		return error(out, -EINVAL, "member '%s' is missing or no text", key);
	*value = json_object_get_string(o);
	if (!**value || strlen(*value) != (size_t)json_object_get_string_len(o) ||
	    strlen(*value) > longest)
		return error(out, -EINVAL, "member '%s' is empty or too long", key);
	for (const char *p = *value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return error(out, -EINVAL, "member '%s' has a control character", key);
	return 0;
}

static int get_key(json_object *in, json_object *out, const char **door, const char **id)
{
	int r = get_name(in, out, "door", 4096, door);

	if (r == 0)
		r = get_name(in, out, "id", NAME_LEN, id);
	if (r == 0 && (strchr(*id, '/') || strchr(*id, '~') || **id == '.'))
		r = error(out, -EINVAL, "id '%s' can be no file name", *id);
	return r;
}

static int add_container(struct control *c, json_object *out, struct container_spec *spec,
			 struct container **made)
{
	const struct cgv_host *h = c->fs->host;
	struct stat st;
	char ns[64];
	int r;

	r = cgv_place_of_pid(h, spec->init, &spec->place);
	if (r < 0)
		return r == -ENOENT ? error(out, r, "no process %d", spec->init)
				    : error(out, r, "process %d: read its cgroup: %s", spec->init,
					    strerror(-r));
	snprintf(ns, sizeof(ns), "%d/ns/pid", spec->init);
	if (fstatat(h->proc, ns, &st, 0) == 0)
		spec->who = st.st_ino;
	r = registry_add(c->fs->registry, spec, made);
	cgv_place_free(&spec->place);
	if (r == -EEXIST)
		return error(out, r, "too many containers with the id '%s'", spec->id);
	return r < 0 ? error(out, r, "register '%s': %s", spec->id, strerror(-r)) : 0;
}

static int watch(struct control *c, const struct container *made)
{
	/* Odd: a slot. Even: a client's address, or 0 and 2. */
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT, /* it ends once */
				 .data.u64 = (uint64_t)made->slot << 1 | 1 };

	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, made->pidfd, &e) < 0 ? -errno : 0;
}

/*
 * The init of the container a process is in: it is what a container lives and ends with. A
 * process in our own pid namespace has none but itself.
 */
static int get_init(struct control *c, json_object *in, json_object *out, pid_t *init)
{
	json_object *pid;
	pid_t first;

	if (!json_object_object_get_ex(in, "pid", &pid) ||
	    !json_object_is_type(pid, json_type_int) || json_object_get_int(pid) < 1)
		return error(out, -EINVAL, "member 'pid' is missing or no process");
	*init = json_object_get_int(pid);
	if (init_of(c->fs->host, *init, false, &first) == 0 && first > 1)
		*init = first;
	return 0;
}

static int do_register(struct control *c, json_object *in, json_object *out)
{
	struct container_spec spec = { 0 };
	struct container *made;
	char root[4096];
	int r;

	r = get_key(in, out, &spec.door, &spec.id);
	if (r < 0)
		return r;
	r = get_init(c, in, out, &spec.init);
	if (r < 0)
		return r;
	spec.name = spec.id;
	r = add_container(c, out, &spec, &made);
	if (r < 0)
		return r;
	r = watch(c, made);
	if (r < 0)
		warn(r, "watch the init of container '%s'", made->name);
	snprintf(root, sizeof(root), "%s/ct/%s", c->mount, made->name);
	add_text(out, "name", made->name);
	add_text(out, "root", root);
	json_object_object_add(out, "views", views(&c->fs->tree));
	debug("container '%s' registered by '%s', pid %d", made->name, made->door, made->init);
	container_put(made);
	return 0;
}

static int forget(struct control *c, json_object *in, json_object *out)
{
	struct container *known;
	const char *door, *id;
	pid_t init;
	int r;

	if (json_object_object_get_ex(in, "pid", NULL)) {
		r = get_init(c, in, out, &init);
		known = r < 0 ? NULL : registry_by_init(c->fs->registry, init);
		if (r == 0 && !known)
			r = error(out, -ENOENT, "no container has process %d", init);
	} else {
		r = get_key(in, out, &door, &id);
		known = r < 0 ? NULL : registry_by_door(c->fs->registry, door, id);
		if (r == 0 && !known)
			r = error(out, -ENOENT, "no container '%s' is registered by '%s'", id,
				  door);
	}
	if (r < 0)
		return r;
	debug("container '%s' forgotten", known->name ? known->name : "of a caller");
	registry_remove(c->fs->registry, known);
	container_put(known);
	return 0;
}

static json_object *describe(const struct container *c)
{
	json_object *o = json_object_new_object();

	add_text(o, "name", c->name);
	add_text(o, "door", c->door);
	add_text(o, "id", c->id);
	json_object_object_add(o, "pid", json_object_new_int(c->init));
	add_text(o, "cgroup", cgv_container_path(c->cgroups, CGV_MEMORY));
	return o;
}

static int list(struct control *c, json_object *in, json_object *out)
{
	json_object *names = json_object_new_array();
	struct container **all;
	unsigned n;
	int r;

	(void)in;
	r = registry_all(c->fs->registry, &all, &n);
	if (r < 0) {
		json_object_put(names);
		return error(out, r, "list: %s", strerror(-r));
	}
	for (unsigned i = 0; i < n; i++)
		if (all[i]->name && !container_dead(all[i]))
			json_object_array_add(names, describe(all[i]));
	registry_put_all(all, n);
	json_object_object_add(out, "containers", names);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct control *c, json_object *in, json_object *out);
} requests[] = {
	{ "ping", ping },
	{ "register", do_register },
	{ "forget", forget },
	{ "list", list },
};

static int dispatch(struct control *c, json_object *in, json_object *out)
{
	const char *name;
	int r;

	if (!in || !json_object_is_type(in, json_type_object))
		return error(out, -EINVAL, "the line is no JSON object");
	r = get_name(in, out, "request", 64, &name);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++)
		if (strcmp(requests[i].name, name) == 0)
			return requests[i].run(c, in, out);
	return error(out, -EINVAL, "no request '%s'", name);
}

/* ---- clients ---- */

/* @out with "ok" in it as a line; NULL: no memory. */
static char *line_of(json_object *out, bool ok)
{
	const char *text;
	char *line;
	size_t n;

	json_object_object_add(out, "ok", json_object_new_boolean(ok));
	text = json_object_to_json_string_length(
	    out, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
	line = text ? malloc(n + 2) : NULL;
	if (!line)
		return NULL;
	memcpy(line, text, n);
	memcpy(line + n, "\n", 2);
	return line;
}

char *control_answer(struct control *c, const char *line, size_t n)
{
	json_tokener *t = json_tokener_new();
	auto_json in = NULL;
	auto_json out = json_object_new_object();

	if (!t || !out) {
		json_tokener_free(t);
		return NULL;
	}
	in = json_tokener_parse_ex(t, line, (int)n);
	/* A word or number needs what follows it to be seen as ended; anything behind is too much.
	 */
	if (json_tokener_get_error(t) != json_tokener_success ||
	    json_tokener_get_parse_end(t) != n) {
		json_object_put(in);
		in = NULL;
	}
	json_tokener_free(t);
	return line_of(out, dispatch(c, in, out) == 0);
}

/* False: the client takes no answer, and is done with. */
static bool answer(struct client *cl, const char *line)
{
	size_t n = line ? strlen(line) : 0, sent = 0;

	while (sent < n) {
		ssize_t w = send(cl->fd, line + sent, n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0)
			return false;
		sent += (size_t)w;
	}
	return line != NULL;
}

static bool serve_line(struct control *c, struct client *cl, const char *line, size_t n)
{
	auto_free char *text = control_answer(c, line, n);

	return answer(cl, text);
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
	free(cl);
}

static bool too_long(struct client *cl)
{
	auto_json out = json_object_new_object();
	auto_free char *text = NULL;

	(void)error(out, -E2BIG, "the request is longer than %d bytes", LINE);
	text = line_of(out, false);
	(void)answer(cl, text);
	return false;
}

/* What came so far: whole lines are served, the rest is kept. False: done with the client. */
static bool serve(struct control *c, struct client *cl)
{
	ssize_t n = recv(cl->fd, cl->line + cl->len, LINE - cl->len, MSG_DONTWAIT);
	char *start = cl->line, *nl;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	cl->len += (size_t)n;
	while ((nl = memchr(start, '\n', cl->len - (size_t)(start - cl->line)))) {
		if (!serve_line(c, cl, start, (size_t)(nl - start)))
			return false;
		start = nl + 1;
	}
	cl->len -= (size_t)(start - cl->line);
	memmove(cl->line, start, cl->len);
	return cl->len < LINE || too_long(cl);
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
	int room = 8 << 20; /* an answer must fit: nobody waits for a client here */
	struct client *cl;

	if (fd < 0 || !peer_is_root(fd) || c->n_clients == CLIENTS)
		return;
	cl = malloc(sizeof(*cl));
	if (!cl)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	e.data.ptr = cl;
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
		free(cl);
		return;
	}
	cl->fd = take_fd(&fd);
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
	struct container *known = registry_by_slot(c->fs->registry, slot);

	if (!known)
		return;
	debug("container '%s' ended", known->name);
	registry_remove(c->fs->registry, known);
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
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(-errno, "make a socket");
	if (strlen(path) >= sizeof(a.sun_path))
		return fail(-ENAMETOOLONG, "socket '%s'", path);
	strcpy(a.sun_path, path);
	(void)unlink(path);
	/* Made with these permissions, not changed to them after. */
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 128) < 0)
		return fail(-errno, "listen on '%s'", path);
	return take_fd(&fd);
}

static int add_event(struct control *c, int fd, uint64_t tag)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = tag };

	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int control_start(struct fs *fs, const char *path, const char *mount, struct control **out)
{
	struct control *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return fail(-ENOMEM, "control socket '%s'", path);
	*c = (struct control){ .fs = fs, .mount = mount, .path = path };
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->stop = eventfd(0, EFD_CLOEXEC);
	c->listen = listen_at(path, SOCK_STREAM);
	r = c->listen < 0 ? c->listen : c->epoll < 0 || c->stop < 0 ? -EMFILE : 0;
	if (r == 0)
		r = add_event(c, c->listen, EV_LISTEN);
	if (r == 0)
		r = add_event(c, c->stop, EV_STOP);
	if (r == 0)
		r = -pthread_create(&c->thread, NULL, run, c);
	if (r == 0) {
		*out = c;
		return 0;
	}
	close_fd(&c->epoll);
	close_fd(&c->stop);
	close_fd(&c->listen);
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
	(void)unlink(c->path);
	close_fd(&c->listen);
	close_fd(&c->stop);
	close_fd(&c->epoll);
	free(c);
}
