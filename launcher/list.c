// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who has views, and are they those of the pctfs that runs?
 */
#include "launcher/each.h"
#include "launcher/waiting.h"

static const char *const words[] = { [VIEWS_FRESH] = "fresh",
				     [VIEWS_STALE] = "stale",
				     [VIEWS_NONE] = "none",
				     [VIEWS_SOME] = "some" };

static const char *text_of(json_object *o, const char *key)
{
	const char *s = json_object_get_string(document_find(o, key));

	return s ? s : "";
}

struct listing {
	json_object *answer, *all;
};

/* In a child. */
static int look_at(size_t i, void *arg)
{
	const struct listing *l = arg;
	json_object *container = json_object_array_get_idx(l->all, i);
	enum views_state state = VIEWS_NONE;
	int r = views_state(l->answer, container, &state);

	if (r < 0 && is_over(json_object_get_int(document_find(container, "pid"))))
		return EACH_GONE;
	return r < 0 ? refuse(r, "the views of '%s' cannot be seen", text_of(container, "name"))
		     : (int)state;
}

/* "?" is for one that cannot be looked into. */
static json_object *row_of(json_object *container, int state)
{
	json_object *o = NULL;

	(void)json_object_deep_copy(container, &o, NULL);
	json_object_object_add(o, "views", json_object_new_string(state < 0 ? "?" : words[state]));
	return o;
}

static int add_waiting(const struct waiting *w, void *seen)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(w->id));
	json_object_object_add(o, "door", json_object_new_string(w->door));
	json_object_object_add(o, "id", json_object_new_string(w->id));
	json_object_object_add(o, "pid", json_object_new_int(w->pid));
	json_object_object_add(o, "views", json_object_new_string(words[VIEWS_NONE]));
	return json_object_array_add(seen, o);
}

static void print(json_object *all)
{
	printf("%-20s %8s  %-6s %s\n", "NAME", "PID", "VIEWS", "DOOR");
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		json_object *o = json_object_array_get_idx(all, i);

		printf("%-20s %8s  %-6s %s\n", text_of(o, "name"), text_of(o, "pid"),
		       text_of(o, "views"), text_of(o, "door"));
	}
}

static int run(const struct options *o, int argc, char *argv[])
{
	auto_json answer = NULL;
	auto_json seen = json_object_new_array();
	auto_free int *states = NULL;
	struct listing l = { 0 };
	int r = ask_all(o, &answer, &l.all), failed = 0;
	size_t n;

	(void)argc;
	(void)argv;
	if (r < 0)
		return r;
	l.answer = answer;
	n = json_object_array_length(l.all);
	states = calloc(n + 1, sizeof(*states));
	r = states ? each(n, look_at, &l, states) : -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++) {
		if (states[i] == EACH_GONE)
			continue;
		json_object_array_add(seen, row_of(json_object_array_get_idx(l.all, i), states[i]));
		failed = MIN(failed, states[i]);
	}
	if (r == 0)
		r = waiting_each(o, l.all, add_waiting, seen);
	if (r < 0)
		return r;
	if (o->json)
		printf("%s\n", json_object_to_json_string_ext(seen, JSON_C_TO_STRING_PRETTY));
	else
		print(seen);
	return failed;
}

const struct command cmd_list = {
	.name = "list",
	.args = "[--json]",
	.help = "Who has views: fresh, stale (of a pctfs that is gone), some, none; ? (it exits "
		"1): not known",
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
