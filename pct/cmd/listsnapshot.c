// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct listsnapshot: which snapshot comes of which, and where the container is now.
 */
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/paths.h"
#include "pct/snap/snap.h"

#define WIDTH	  30 /* of a name and what is before it */
#define DEPTH_MAX 1000

/* In the order in which they are shown. */
struct line {
	const struct section *s; /* the main one: as it is now */
	int depth;
};

struct lines {
	struct line *all;
	size_t n;
};

static const char *parent_of(const struct config *c, const struct section *s)
{
	const char *parent = section_get(s, "parent");

	return parent && snap_find(c, parent) ? parent : NULL;
}

static int by_time(const void *a, const void *b)
{
	const struct section *x = *(const struct section *const *)a;
	const struct section *y = *(const struct section *const *)b;
	time_t tx = snap_time(x), ty = snap_time(y);

	if (!x->name || !y->name)
		return !x->name - !y->name;
	return tx != ty ? (tx > ty) - (tx < ty) : strcmp(x->name, y->name);
}

/* Those that come of @parent, NULL: of none; then of each those that come of it. */
static void add_below(const struct config *c, const struct section **sorted, size_t n,
		      const char *parent, int depth, struct lines *to)
{
	for (size_t i = 0; i < n; i++) {
		const struct section *s = sorted[i];
		const char *of = s ? parent_of(c, s) : NULL;

		if (!s || !of != !parent || (of && strcasecmp(of, parent) != 0))
			continue;
		sorted[i] = NULL;
		to->all[to->n++] = (struct line){ s, depth };
		if (s->name && depth < DEPTH_MAX)
			add_below(c, sorted, n, s->name, depth + 1, to);
	}
}

/* A file may say that each of two comes of the other: they come of none. */
static int in_order(const struct config *c, struct lines *out)
{
	auto_free const struct section **sorted = calloc(c->n, sizeof(struct section *));
	size_t n = 0;

	out->all = calloc(c->n, sizeof(*out->all));
	if (!sorted || !out->all)
		return fail(-ENOMEM, "list the snapshots");
	for (size_t i = 0; i < c->n; i++)
		if (i == 0 || snap_is(&c->sections[i]))
			sorted[n++] = &c->sections[i];
	qsort(sorted, n, sizeof(*sorted), by_time);
	add_below(c, sorted, n, NULL, 0, out);
	for (size_t i = 0; i < n; i++)
		if (sorted[i])
			out->all[out->n++] = (struct line){ sorted[i], 0 };
	return 0;
}

static void show(const struct line *l)
{
	const char *note = l->s->name ? l->s->description : "You are here!";
	auto_free char *prefix = text_of("%*s`->", l->depth, "");
	const char *state = section_get(l->s, "snapstate");
	char when[32] = "";
	struct tm tm;
	time_t time = snap_time(l->s);

	if (l->s->name && time)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&time, &tm));
	if (!note || !*note)
		note = "no-description";
	printf("%s %-*s %-23s %.*s%s%s%s\n", prefix, MAX(WIDTH - (int)strlen(prefix), 0),
	       l->s->name ? l->s->name : "current", when, (int)strcspn(note, "\n"), note,
	       state ? " (" : "", state ? state : "", state ? ", interrupted)" : "");
}

static void add(const struct config *c, const struct line *l, json_object *all)
{
	json_object *o = json_object_new_object();
	const char *parent = parent_of(c, l->s);
	const char *note = l->s->name ? l->s->description : "You are here!";
	const char *state = section_get(l->s, "snapstate");

	json_object_object_add(o, "name",
			       json_object_new_string(l->s->name ? l->s->name : "current"));
	if (parent)
		json_object_object_add(o, "parent", json_object_new_string(parent));
	if (l->s->name)
		json_object_object_add(o, "snaptime", json_object_new_int64(snap_time(l->s)));
	if (note)
		json_object_object_add(o, "description", json_object_new_string(note));
	if (state)
		json_object_object_add(o, "snapstate", json_object_new_string(state));
	json_object_array_add(all, o);
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_output all = args_json(a) ? json_object_new_array() : NULL;
	struct lines lines = { 0 };
	int r = conf_load(a->vmid, &c);

	if (r == 0)
		r = in_order(&c, &lines);
	for (size_t i = 0; r == 0 && i < lines.n; i++) {
		if (all)
			add(&c, &lines.all[i], all);
		else
			show(&lines.all[i]);
	}
	if (r == 0 && all)
		output_json(all);
	free(lines.all);
	return r;
}

const struct command cmd_listsnapshot = {
	.name = "listsnapshot",
	.args = "<vmid>",
	.help = "List the snapshots of a container",
	.more = "As a tree: what is further to the right came of what is above it.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.prints = true,
	.run = run,
};
