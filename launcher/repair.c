// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Views anew for containers that have lost theirs, or have them of a mount that is gone; and for
 * those that started before there was a pctfs.
 */
#include "launcher/waiting.h"

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
	return r < 0 ? refuse(r, "container '%s' has not got its views anew", id) : 0;
}

struct late {
	const struct options *o;
	int failed;
};

static int attach_late(const struct waiting *w, void *arg)
{
	struct late *late = arg;
	struct options its = *late->o;
	int r;

	its.cpus = w->fixed_cpus ? CPUS_FIXED : CPUS_LIVE;
	its.fast = w->fast;
	its.all = false;
	r = put_views_of(&its, w->door, w->id, w->pidfd, w->pid, "");
	if (r < 0)
		late->failed = r;
	else
		waiting_remove(&its, w->door, w->id);
	return 0;
}

static int run(const struct options *o, int argc, char *argv[])
{
	auto_json answer = NULL;
	json_object *all = NULL;
	struct late late = { .o = o };
	int r = ask_all(o, &answer, &all), failed = 0;

	(void)argc;
	(void)argv;
	if (r < 0)
		return r;
	/* One that cannot be helped does not keep the others from it. */
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		json_object *container = json_object_array_get_idx(all, i);
		enum views_state state = VIEWS_NONE;

		if (!o->all && views_state(answer, container, &state) == 0 && state == VIEWS_FRESH)
			continue;
		r = repair(o, container);
		failed = r < 0 ? r : failed;
	}
	r = waiting_each(o, all, attach_late, &late);
	return r < 0 ? r : late.failed < 0 ? late.failed : failed;
}

const struct command cmd_repair = {
	.name = "repair",
	.args = "[--all]",
	.help = "Lay views anew where they are gone or stale; --all: everywhere",
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
