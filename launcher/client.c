// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "launcher/launch.h"

#define ANSWER_MAX (16u << 20)

json_object *request_new(const char *name, const char *door, const char *id)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "request", json_object_new_string(name));
	if (door)
		json_object_object_add(o, "door", json_object_new_string(door));
	if (id)
		json_object_object_add(o, "id", json_object_new_string(id));
	return o;
}

static int reach(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 10 };
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : take_fd(&fd);
}

static bool is_absence(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED;
}

bool is_served(const struct options *o)
{
	auto_fd fd = reach(o->socket);

	return !is_absence(fd);
}

static int dial(const char *path)
{
	int fd = reach(path);

	if (is_absence(fd))
		return refuse(fd, "no pctfs at '%s': start pctfs first", path);
	return fd < 0 ? fail(fd, "connect to pctfs at '%s'", path) : fd;
}

static int send_line(int fd, json_object *o)
{
	auto_free char *line = NULL;
	int n = asprintf(&line, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));

	if (n < 0) {
		line = NULL;
		return -ENOMEM;
	}
	return send(fd, line, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -errno;
}

/* One line, however long it is: a list of all containers can be. */
static int receive(int fd, json_object **out)
{
	json_tokener *t = json_tokener_new();
	char buf[16384];
	size_t total = 0;
	int r = 0;

	*out = NULL;
	while (t && !*out && r == 0) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		r = n < 0 ? -errno : n == 0 || (total += (size_t)n) > ANSWER_MAX ? -EPROTO : 0;
		if (r < 0)
			break;
		*out = json_tokener_parse_ex(t, buf, (int)n);
		if (!*out && json_tokener_get_error(t) != json_tokener_continue)
			r = -EPROTO;
	}
	if (t)
		json_tokener_free(t);
	return t ? r : -ENOMEM;
}

int ask_all(const struct options *o, json_object **answer, json_object **all)
{
	int r = ask(o, request_new("list", NULL, NULL), answer);

	if (r == 0 && (!json_object_object_get_ex(*answer, "containers", all) ||
		       !json_object_is_type(*all, json_type_array)))
		r = refuse(-EPROTO, "pctfs lists no containers: are pctfs and pct-launch of the "
				    "same version?");
	return r;
}

void forget(const struct options *o, const char *door, const char *id)
{
	auto_json answer = NULL;
	enum say_level before = say_limit;

	say_limit = SAY_ERR - 1;
	(void)!ask(o, request_new("forget", door, id), &answer);
	say_limit = before;
}

int ask(const struct options *o, json_object *request, json_object **answer)
{
	auto_json q = request;
	auto_json a = NULL;
	auto_fd fd = dial(o->socket);
	json_object *member;
	int r;

	if (fd < 0)
		return fd;
	r = send_line(fd, q);
	if (r == 0)
		r = receive(fd, &a);
	if (r < 0)
		return fail(r, "talk to pctfs at '%s'", o->socket);
	if (!json_object_object_get_ex(a, "ok", &member))
		return fail(-EPROTO, "talk to pctfs at '%s'", o->socket);
	if (!json_object_get_boolean(member)) {
		const char *why = json_object_object_get_ex(a, "error", &member)
				      ? json_object_get_string(member)
				      : "no reason given";

		return refuse(-EREMOTEIO, "pctfs: %s", why);
	}
	*answer = take_ptr(a);
	return 0;
}
