// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Views anew for containers that have lost theirs, or have them of a mount that is gone; and for
 * those that started before there was a pctfs.
 */
#include "launcher/each.h"
#include "launcher/waiting.h"
#include "launcher/who.h"

#define LOST "container '%s' has not got its views anew"

static int repair(const struct options *o, json_object *container)
{
	const char *door = document_text(container, "door"), *id = document_text(container, "id");
	struct options its = *o;
	int pid = json_object_get_int(document_find(container, "pid"));
	auto_fd pidfd = -EBADF;
	int r;

	if (!door || !id || pid < 1)
		return refuse(-EPROTO, "pctfs does not say who its containers are: are pctfs and "
				       "pct-launch of the same version?");
	its.fast = json_object_get_boolean(document_find(container, "fast"));
	its.cpus = json_object_get_boolean(document_find(container, "fixed_cpus")) ? CPUS_FIXED
										   : CPUS_LIVE;
	/* The list was made before we had hold of it: pctfs knows whether it is still the same. */
	its.again = true;
	pidfd = open_pidfd(pid);
	r = pidfd < 0 ? pidfd : put_views_of(&its, door, id, pidfd, pid, "");
	return r < 0 ? refuse(r, LOST, id) : 0;
}

static int attach_late(const struct waiting *w, void *arg)
{
	struct options its = *(const struct options *)arg;
	int r;

	its.cpus = w->fixed_cpus ? CPUS_FIXED : CPUS_LIVE;
	its.fast = w->fast;
	its.all = false;
	r = put_views_of(&its, w->door, w->id, w->pidfd, w->pid, "");
	if (r == 0)
		waiting_remove(&its, w->door, w->id);
	return r;
}

static int add_waiting(const struct waiting *w, void *all)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "door", json_object_new_string(w->door));
	json_object_object_add(o, "id", json_object_new_string(w->id));
	json_object_object_add(o, "pid", json_object_new_int(w->pid));
	json_object_object_add(o, "waits", json_object_new_boolean(true));
	return json_object_array_add(all, o);
}

struct round {
	const struct options *o;
	json_object *answer, *rows; /* pctfs's, and of those that wait who they are */
	ino_t *mounts;		    /* the mount namespace of each, 0 where there is none */
};

static int help(const struct round *a, size_t i)
{
	json_object *row = json_object_array_get_idx(a->rows, i);
	enum views_state state = VIEWS_NONE;
	int r = 0;

	if (document_find(row, "waits"))
		return waiting_one(a->o, document_text(row, "door"), document_text(row, "id"),
				   attach_late, (void *)a->o);
	if (!a->o->all)
		r = views_state(a->answer, row, &state);
	if (r == -ETIMEDOUT)
		return refuse(r, LOST, document_text(row, "id"));
	return r == 0 && state == VIEWS_FRESH ? 0 : repair(a->o, row);
}

/* In a child. Of those that are one container by several doors the first does all, in turn. */
static int help_all(size_t i, void *arg)
{
	const struct round *a = arg;
	json_object *first = json_object_array_get_idx(a->rows, i);
	size_t n = json_object_array_length(a->rows);
	int failed = 0;

	for (size_t k = 0; k < i; k++)
		if (a->mounts[i] && a->mounts[k] == a->mounts[i])
			return 0;
	for (size_t k = i; k < n; k++)
		if (k == i || (a->mounts[i] && a->mounts[k] == a->mounts[i]))
			failed = MIN(failed, help(a, k));
	/* Since the list was made. */
	if (failed < 0 && is_over(json_object_get_int(document_find(first, "pid"))))
		return EACH_GONE;
	return failed;
}

static int add_all(const struct options *o, json_object *all, json_object *rows)
{
	for (size_t i = 0; i < json_object_array_length(all); i++)
		json_object_array_add(rows, json_object_get(json_object_array_get_idx(all, i)));
	return waiting_each(o, all, add_waiting, rows);
}

/* One that cannot be helped does not keep the others from it. */
static int run(const struct options *o, int argc, char *argv[])
{
	auto_json answer = NULL;
	auto_json rows = json_object_new_array();
	auto_free int *results = NULL;
	auto_free ino_t *mounts = NULL;
	json_object *all;
	struct round a = { .o = o, .rows = rows };
	int r = ask_all(o, &answer, &all), failed = 0;
	size_t n;

	(void)argc;
	(void)argv;
	if (r == 0)
		r = add_all(o, all, rows);
	if (r < 0)
		return r;
	n = json_object_array_length(rows);
	results = calloc(n + 1, sizeof(*results));
	mounts = calloc(n + 1, sizeof(*mounts));
	if (!results || !mounts)
		return fail(-ENOMEM, "repair all containers");
	a.answer = answer;
	a.mounts = mounts;
	for (size_t i = 0; i < n; i++)
		mounts[i] = mounts_of(
		    json_object_get_int(document_find(json_object_array_get_idx(rows, i), "pid")));
	r = each(n, help_all, &a, results);
	for (size_t i = 0; i < n && r == 0; i++)
		failed = MIN(failed, results[i]);
	return r < 0 ? r : failed;
}

const struct command cmd_repair = {
	.name = "repair",
	.args = "[--all]",
	.help = "Lay views anew where they are gone or stale; --all: everywhere",
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
