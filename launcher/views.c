// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What every door does with a container, and the door by hand: attach and detach.
 */
#include <limits.h>

#include "launcher/who.h"

pid_t pid_outside(int pidfd, pid_t pid)
{
	char name[48], line[128];
	auto_file f = NULL;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", pidfd);
	f = fopen(name, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Pid:", 4) == 0 && atoi(line + 4) > 0)
			return atoi(line + 4);
	return pid;
}

/*
 * A hook that runs in the container's own pid namespace does not see ct/NAME. The files beside it,
 * which answer whoever reads, it sees.
 */
static void by_caller(struct source *from, char *root, size_t size)
{
	const char *ct = strstr(from->root, "/ct/");

	if (!ct || access(from->root, F_OK) == 0 || errno != ENOENT)
		return;
	snprintf(root, size, "%.*s", (int)(ct - from->root), from->root);
	*from = (struct source){ .root = root };
}

static int attach_registered(int pidfd, const char *prefix, json_object *answer)
{
	char mount[PATH_MAX];
	json_object *root = document_find(answer, "root"), *views = document_find(answer, "views");
	json_object *yielding = document_find(answer, "yielding");
	json_object *fast_root = document_find(answer, "fast_root"),
		    *fast = document_find(answer, "fast");
	struct source from = { .root = json_object_get_string(root),
			       .fast_root = json_object_get_string(fast_root),
			       .fast = fast };

	if (!json_object_is_type(root, json_type_string) ||
	    !json_object_is_type(views, json_type_array) ||
	    !json_object_is_type(yielding, json_type_array))
		return refuse(-EPROTO, "pctfs registered the container but named no views: "
				       "are pctfs and pct-launch of the same version?");
	by_caller(&from, mount, sizeof(mount));
	return attach(pidfd, prefix, &from, views, yielding);
}

int put_views_of(const struct options *o, const char *door, const char *id, int pidfd, pid_t pid,
		 const char *prefix)
{
	json_object *q = request_new("register", door, id);
	auto_json answer = NULL;
	int r;

	json_object_object_add(q, "pid", json_object_new_int(pid_outside(pidfd, pid)));
	json_object_object_add(q, "fixed_cpus", json_object_new_boolean(o->cpus == CPUS_FIXED));
	json_object_object_add(q, "fast", json_object_new_boolean(o->fast));
	json_object_object_add(q, "again", json_object_new_boolean(o->again));
	r = ask(o, q, &answer);
	/* It was the process we hold that was registered, if that one still lives. */
	if (r == 0)
		r = still_there(pidfd);
	if (r == 0)
		r = attach_registered(pidfd, prefix, answer);
	/* Nobody is told of views that nobody has. */
	if (r == 0)
		r = still_there(pidfd);
	/* One that was there before may have views that still work. */
	if (r < 0 && json_object_get_boolean(document_find(answer, "new")))
		forget(o, door, id);
	return r;
}

int put_views(const struct options *o, const char *door, const char *id, pid_t pid,
	      const char *prefix)
{
	auto_fd pidfd = open_pidfd(pid);

	return pidfd < 0 ? pidfd : put_views_of(o, door, id, pidfd, pid, prefix);
}

static int run_attach(const struct options *options, int argc, char *argv[])
{
	const char *door = "hand", *id = argc > 2 ? argv[2] : argv[1];
	struct options o = *options;
	auto_who w = { .pidfd = -EBADF };
	int r = who_find(&o, argv[1], &w);

	if (r < 0)
		return r;
	/* Who came by a door of its own stays there, where its hooks find it. */
	if (argc == 2 && document_text(w.known, "door") && document_text(w.known, "id")) {
		door = document_text(w.known, "door");
		id = document_text(w.known, "id");
		if (o.cpus == CPUS_UNKNOWN &&
		    json_object_get_boolean(document_find(w.known, "fixed_cpus")))
			o.cpus = CPUS_FIXED;
	}
	return put_views_of(&o, door, id, w.pidfd, w.pid, "");
}

static int run_detach(const struct options *o, int argc, char *argv[])
{
	auto_json answer = NULL;
	auto_json done = NULL;
	auto_who w = { .pidfd = -EBADF };
	json_object *q;
	int r = who_find(o, argv[1], &w);

	(void)argc;
	if (r == 0)
		r = ask(o, request_new("ping", NULL, NULL), &answer);
	if (r == 0 && !json_object_is_type(document_find(answer, "views"), json_type_array))
		r = refuse(-EPROTO, "pctfs names no views: are pctfs and pct-launch of the same "
				    "version?");
	if (r == 0)
		r = detach(w.pidfd, "", document_find(answer, "views"));
	if (r < 0)
		return r;
	q = request_new("forget", NULL, NULL);
	json_object_object_add(q, "pid", json_object_new_int(w.pid));
	return ask(o, q, &done);
}

const struct command cmd_attach = {
	.name = "attach",
	.args = "<pid|name> [<as>]",
	.help = "Lay views over the files of a running container",
	.min_args = 1,
	.max_args = 2,
	.run = run_attach,
};

const struct command cmd_detach = {
	.name = "detach",
	.args = "<pid|name>",
	.help = "Take the views off again",
	.min_args = 1,
	.max_args = 1,
	.run = run_detach,
};
