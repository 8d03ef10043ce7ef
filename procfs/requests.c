// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What can be asked of the daemon: one function a request, in one table.
 */
#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/epoll.h>

#include "base/say.h"
#include "procfs/requests.h"

#define NAME_LEN 200 /* longest id of a container */

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

static bool any_file(const struct file *f)
{
	(void)f;
	return true;
}

/* Of what is served, those that are so. */
static json_object *views(const struct tree *t, bool (*are)(const struct file *f))
{
	json_object *list = json_object_new_array();
	size_t n;

	for (size_t i = 0; i < n_files; i++) {
		if (!are(&files[i]) || tree_find(t, files[i].path) == NODE_NONE)
			continue;
		n = strlen(files[i].path);
		n -= files[i].path[n - 1] == '/';
		json_object_array_add(list, json_object_new_string_len(files[i].path, (int)n));
	}
	return list;
}

static void add_mounts(const struct requests *q, json_object *out)
{
	add_text(out, "mount", q->mount);
	if (q->fast)
		add_text(out, "fast_mount", q->fast);
	json_object_object_add(out, "views", views(&q->fs->tree, any_file));
	json_object_object_add(out, "yielding", views(&q->fs->tree, file_yields));
}

static int ping(const struct requests *q, json_object *in, json_object *out)
{
	(void)in;
	json_object_object_add(out, "pid", json_object_new_int(q->fs->keeper));
	add_mounts(q, out);
	return 0;
}

/* Also those of 8 bits, as they are or in UTF-8, where they follow a C2: terminals obey both. */
static bool is_control(const char *p, const char *first)
{
	unsigned char c = (unsigned char)*p, before = p > first ? (unsigned char)p[-1] : 0;

	return c < ' ' || c == 0x7f || (c >= 0x80 && c < 0xa0 && (before < 0x80 || before == 0xc2));
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
		if (is_control(p, *value))
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

/* Who lives by that door and id;. */
static struct container *find_again(const struct requests *q, const struct container_spec *spec)
{
	struct container *c = registry_by_door(q->fs->registry, spec->door, spec->id);

	if (!c || !container_dead(c))
		return c;
	container_put(c);
	return NULL;
}

static int add_container(const struct requests *q, json_object *out, struct container_spec *spec,
			 struct container **made)
{
	int r = registry_register(q->fs->registry, spec, made);

	if (r == -ENOENT || r == -ESRCH)
		return error(out, r, "no process %d", spec->init);
	if (r == -EEXIST)
		return error(out, r, "too many containers with the id '%s'", spec->id);
	return r < 0 ? error(out, r, "register '%s', process %d: %s", spec->id, spec->init,
			     strerror(-r))
		     : 0;
}

int requests_watch(const struct requests *q, const struct container *made)
{
	/* Odd: a slot. Even: a client's address, or 0 and 2. */
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT, /* it ends once */
				 .data.u64 = (uint64_t)made->slot << 1 | 1 };

	/* EEXIST: it was registered before. */
	return epoll_ctl(q->watch, EPOLL_CTL_ADD, made->pidfd, &e) < 0 && errno != EEXIST ? -errno
											  : 0;
}

/*
 * The init of the container a process is in: it is what a container lives and ends with. A
 * process in our own pid namespace has none but itself.
 */
static int get_init(const struct requests *q, json_object *in, json_object *out, pid_t *init)
{
	json_object *pid;
	pid_t first;

	if (!json_object_object_get_ex(in, "pid", &pid) ||
	    !json_object_is_type(pid, json_type_int) || json_object_get_int(pid) < 1)
		return error(out, -EINVAL, "member 'pid' is missing or no process");
	*init = json_object_get_int(pid);
	if (init_of(q->fs->host, *init, false, &first) == 0 && first > 1)
		*init = first;
	return 0;
}

/* A member that is true or false; it need not be there. */
static int get_bool(json_object *in, json_object *out, const char *key, bool *value)
{
	json_object *o;

	if (!json_object_object_get_ex(in, key, &o))
		return 0;
	if (!json_object_is_type(o, json_type_boolean))
		return error(out, -EINVAL, "member '%s' is neither true nor false", key);
	*value = json_object_get_boolean(o);
	return 0;
}

static void add_root(json_object *out, const char *key, const char *mount, const char *name)
{
	char root[PATH_MAX + NAME_LEN + 32];

	snprintf(root, sizeof(root), "%s/ct/%s", mount, name);
	add_text(out, key, root);
}

static int do_register(const struct requests *q, json_object *in, json_object *out)
{
	struct container_spec spec = { 0 };
	struct container *made, *before;
	bool again = false;
	int r;

	r = get_key(in, out, &spec.door, &spec.id);
	if (r < 0)
		return r;
	r = get_init(q, in, out, &spec.init);
	if (r == 0)
		r = get_bool(in, out, "fixed_cpus", &spec.fixed_cpus);
	if (r == 0)
		r = get_bool(in, out, "fast", &spec.fast);
	if (r == 0)
		r = get_bool(in, out, "again", &again);
	if (r == 0 && spec.fast && !q->fast)
		r = error(out, -EOPNOTSUPP,
			  "it serves nothing by the page cache: start it with "
			  "--page-cache=100, or attach without --fast");
	if (r < 0)
		return r;
	spec.name = spec.id;
	before = find_again(q, &spec);
	json_object_object_add(out, "new", json_object_new_boolean(!before));
	/* As he lives, his init is who had its pid when the asker took hold of that. */
	if (again && (!before || before->init != spec.init))
		r = error(out, -ESRCH, "container '%s' has ended", spec.id);
	if (r == 0)
		r = add_container(q, out, &spec, &made);
	if (r == 0 && again && made != before) {
		registry_remove(q->fs->registry, made);
		container_put(made);
		r = error(out, -ESRCH, "container '%s' has ended", spec.id);
	}
	container_put(before);
	if (r < 0)
		return r;
	r = requests_watch(q, made);
	if (r < 0)
		warn(r, "watch the init of container '%s'", made->name);
	add_text(out, "name", made->name);
	add_root(out, "root", q->mount, made->name);
	json_object_object_add(out, "views", views(&q->fs->tree, any_file));
	json_object_object_add(out, "yielding", views(&q->fs->tree, file_yields));
	if (spec.fast) {
		add_root(out, "fast_root", q->fast, made->name);
		json_object_object_add(out, "fast", views(&q->fs->tree, file_is_fast));
	}
	debug("container '%s' registered by '%s', pid %d", made->name, made->door, made->init);
	container_put(made);
	return 0;
}

static int forget(const struct requests *q, json_object *in, json_object *out)
{
	struct container *known;
	const char *door, *id;
	pid_t init;
	int r;

	if (json_object_object_get_ex(in, "pid", NULL)) {
		r = get_init(q, in, out, &init);
		known = r < 0 ? NULL : registry_by_init(q->fs->registry, init);
		if (r == 0 && !known)
			r = error(out, -ENOENT, "no container has process %d", init);
	} else {
		r = get_key(in, out, &door, &id);
		known = r < 0 ? NULL : registry_by_door(q->fs->registry, door, id);
		if (r == 0 && !known)
			r = error(out, -ENOENT, "no container '%s' is registered by '%s'", id,
				  door);
	}
	if (r < 0)
		return r;
	debug("container '%s' forgotten", known->name ? known->name : "of a caller");
	registry_remove(q->fs->registry, known);
	container_put(known);
	return 0;
}

static json_object *describe(const struct requests *q, struct container *c)
{
	auto_place place = container_place(c);
	json_object *o = json_object_new_object();

	add_text(o, "name", c->name);
	add_text(o, "door", c->door);
	add_text(o, "id", c->id);
	json_object_object_add(o, "pid", json_object_new_int(c->init));
	json_object_object_add(o, "fixed_cpus", json_object_new_boolean(c->sample.fixed_cpus));
	json_object_object_add(o, "fast", json_object_new_boolean(c->fast && q->fast));
	add_text(o, "cgroup", cgv_container_path(place, CGV_MEMORY));
	return o;
}

static int list(const struct requests *q, json_object *in, json_object *out)
{
	json_object *names = json_object_new_array();
	struct container **all;
	unsigned n;
	int r;

	(void)in;
	r = registry_all(q->fs->registry, &all, &n);
	if (r < 0) {
		json_object_put(names);
		return error(out, r, "list: %s", strerror(-r));
	}
	for (unsigned i = 0; i < n; i++)
		if (all[i]->name && !container_dead(all[i]))
			json_object_array_add(names, describe(q, all[i]));
	registry_put_all(all, n);
	add_mounts(q, out);
	json_object_object_add(out, "containers", names);
	return 0;
}

/* How many files are: of a daemon that nobody reads from, none. */
static int count_open(const struct requests *q, json_object *in, json_object *out)
{
	uint32_t at = 0;
	int64_t n = 0;

	(void)in;
	while (q->fs->opens && open_row_next(q->fs->opens, &at))
		n++;
	json_object_object_add(out, "open", json_object_new_int64(n));
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct requests *q, json_object *in, json_object *out);
} requests[] = {
	{ "ping", ping }, { "register", do_register }, { "forget", forget },
	{ "list", list }, { "open", count_open },
};

static int dispatch(const struct requests *q, json_object *in, json_object *out)
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
			return requests[i].run(q, in, out);
	return error(out, -EINVAL, "no request '%s'", name);
}

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

char *requests_answer(const struct requests *q, const char *line, size_t n)
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
	return line_of(out, dispatch(q, in, out) == 0);
}

char *requests_too_long(size_t longest)
{
	auto_json out = json_object_new_object();

	(void)error(out, -E2BIG, "the request is longer than %zu bytes", longest);
	return line_of(out, false);
}
