// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whom do the words of a person mean: a process, or a container by its name? Containers are those
 * that pctfs knows, those of LXC and pct, and those of OCI runtimes that pct-runc has on record.
 */
#include "launcher/who.h"

#include <ctype.h>
#include <limits.h>
#include <sys/stat.h>

#include "launcher/liblxc.h"
#include "launcher/timens.h"

#define SHORT_ID 12 /* of the 64 characters of an engine's, what it prints */

struct lookup {
	const char *name;
	pid_t pid[2]; /* more than one is too many */
	ino_t ns[2];  /* the mount namespace of each: containers are told apart by it */
	size_t n;
	bool stopped; /* there is one of that name that does not run */
};

ino_t mounts_of(pid_t pid)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static void add(struct lookup *l, pid_t pid)
{
	ino_t ns = mounts_of(pid);

	if (!ns || l->n == ARRAY_LEN(l->pid) || (l->n && l->ns[0] == ns))
		return;
	l->pid[l->n] = pid;
	l->ns[l->n++] = ns;
}

/* ---- where names are ---- */

static bool is_id(const char *id, const char *name)
{
	size_t n = strlen(name);

	return strcmp(id, name) == 0 || (n >= SHORT_ID && strncmp(id, name, n) == 0);
}

static void look_in_list(struct lookup *l, json_object *all)
{
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		json_object *c = json_object_array_get_idx(all, i);
		const char *id = document_text(c, "id"), *name = document_text(c, "name");

		if ((id && is_id(id, l->name)) || (name && strcmp(name, l->name) == 0))
			add(l, json_object_get_int(document_find(c, "pid")));
	}
}

static void look_in_lxc(struct lookup *l, const char *lxcpath)
{
	char config[PATH_MAX];
	struct lxc_container *c;

	if (!lxcpath || strchr(l->name, '/') || l->name[0] == '.')
		return;
	/* liblxc makes folders for whatever it is asked for. */
	snprintf(config, sizeof(config), "%s/%s/config", lxcpath, l->name);
	if (access(config, F_OK) < 0)
		return;
	c = liblxc_container(l->name, lxcpath);
	if (!c)
		return;
	l->stopped |= !c->is_running(c);
	add(l, c->init_pid(c));
	liblxc_put(c);
}

static void look_at_record(const char *id, pid_t pid, void *arg)
{
	struct lookup *l = arg;

	if (is_id(id, l->name))
		add(l, pid);
}

/* 0: it is no number that a process can have. */
static pid_t number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return isdigit((unsigned char)*text) && !*end && n <= INT32_MAX ? (pid_t)n : 0;
}

static int look(const struct options *o, const char *name, json_object *all, pid_t *out)
{
	const char *root = getenv("PCT_ROOT");
	struct lookup l = { .name = name };
	char pct[PATH_MAX];
	pid_t pid = number(name);

	snprintf(pct, sizeof(pct), "%s/var/lib/pct/lxc", root ? root : "");
	look_in_list(&l, all);
	look_in_lxc(&l, liblxc_global("lxc.lxcpath"));
	look_in_lxc(&l, pct);
	timens_each(o->socket, look_at_record, &l);
	/* A process of the host's cannot be meant where there is a container of that number. */
	if (pid > 0 && (l.n == 0 || mounts_of(pid) != mounts_of(getpid())))
		add(&l, pid);
	if (l.n < 2 && l.stopped && (l.n == 0 || l.pid[0] == pid))
		return refuse(-ESRCH, "'%s' is a container that does not run: start it first",
			      name);
	if (l.n > 1)
		return refuse(-ENOTUNIQ,
			      "'%s' can be process %d or process %d, of different containers: give "
			      "a pid that only one can be",
			      name, l.pid[0], l.pid[1]);
	if (l.n == 0 && pid == 0)
		return refuse(-ESRCH,
			      "'%s': no running container has that name: give the pid of a "
			      "process in it",
			      name);
	*out = l.n ? l.pid[0] : pid;
	return 0;
}

/* As pctfs has it, which may know it by another process. */
static json_object *known_as(json_object *all, pid_t pid)
{
	ino_t ns = mounts_of(pid);

	for (size_t i = 0; ns && i < json_object_array_length(all); i++) {
		json_object *c = json_object_array_get_idx(all, i);

		if (mounts_of(json_object_get_int(document_find(c, "pid"))) == ns)
			return json_object_get(c);
	}
	return NULL;
}

int who_find(const struct options *o, const char *text, struct who *out)
{
	struct who w = { .pidfd = -EBADF };
	pid_t again = 0;

	for (int i = 0; i < 2; i++) {
		auto_json answer = NULL;
		json_object *all;
		int r = ask_all(o, &answer, &all);

		if (r == 0)
			r = look(o, text, all, i == 0 ? &w.pid : &again);
		if (r == 0 && i == 0)
			r = MIN(w.pidfd = open_pidfd(w.pid), 0);
		/* Once more: it was that process when we had hold of it. */
		else if (r == 0 && again != w.pid)
			r = refuse(-ESRCH, "'%s' has ended", text);
		else if (r == 0)
			w.known = known_as(all, w.pid);
		if (r < 0) {
			who_put(&w);
			return r;
		}
	}
	*out = w;
	return 0;
}

void who_put(struct who *w)
{
	close_fd(&w->pidfd);
	json_object_put(w->known);
	w->known = NULL;
}
