// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Views anew for containers that have lost theirs, or have them of a mount that is gone.
 */
#include "launcher/launch.h"

static const char *text_of(json_object *o, const char *key)
{
	json_object *m = NULL;

	return json_object_object_get_ex(o, key, &m) ? json_object_get_string(m) : NULL;
}

static int repair(const struct options *o, json_object *container)
{
	const char *door = text_of(container, "door"), *id = text_of(container, "id");
	struct options its = *o;
	json_object *pid = NULL, *fixed = NULL, *fast = NULL;

	(void)json_object_object_get_ex(container, "pid", &pid);
	(void)json_object_object_get_ex(container, "fixed_cpus", &fixed);
	if (!door || !id || json_object_get_int(pid) < 1)
		return refuse(-EPROTO, "pctfs does not say who its containers are: are pctfs and "
				       "pct-launch of the same version?");
	(void)json_object_object_get_ex(container, "fast", &fast);
	its.fast = json_object_get_boolean(fast);
	its.cpus = json_object_get_boolean(fixed) ? CPUS_FIXED : CPUS_LIVE;
	return put_views(&its, door, id, json_object_get_int(pid), "");
}

static int run(const struct options *o, int argc, char *argv[])
{
	auto_json answer = NULL;
	json_object *all = NULL;
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
	return failed;
}

const struct command cmd_repair = {
	.name = "repair",
	.args = "[--all]",
	.help = "Lay views anew where they are gone or stale; --all: everywhere",
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
