// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct config: what a container is configured to be, sorted, raw liblxc lines last.
 */
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"
#include "pct/ct/live.h"

/* There may be several of one key: an array of arrays, as liblxc would read them. */
static void add_raw(json_object *o, const struct entry *e)
{
	json_object *raw, *pair = json_object_new_array();

	if (!json_object_object_get_ex(o, "lxc", &raw)) {
		raw = json_object_new_array();
		json_object_object_add(o, "lxc", raw);
	}
	json_object_array_add(pair, json_object_new_string(e->key));
	json_object_array_add(pair, json_object_new_string(e->value));
	json_object_array_add(raw, pair);
}

static void show(const char *key, const char *value, json_object *o)
{
	if (o)
		output_add(o, key, value);
	else
		output_line("", key, value);
}

/* Keys come sorted; the description is no entry, so it has its place found here. */
static int show_all(const struct section *s, json_object *o)
{
	auto_free const struct entry **sorted = calloc(s->n + 1, sizeof(struct entry *));
	const char *note = s->description;

	if (!sorted)
		return fail(-ENOMEM, "show the config");
	for (size_t i = 0; i < s->n; i++)
		sorted[i] = &s->entries[i];
	qsort(sorted, s->n, sizeof(*sorted), entry_compare);
	for (size_t i = 0; i <= s->n; i++) {
		const struct entry *e = sorted[i];

		if (note &&
		    (!e || !e->key || entry_is_lxc(e) || strcmp(e->key, "description") > 0)) {
			show("description", note, o);
			note = NULL;
		}
		if (e && entry_is_lxc(e) && o)
			add_raw(o, e);
		else if (e && e->key)
			show(e->key, e->value, o);
	}
	return 0;
}

static int show_snapshot(const struct args *a, const struct config *c, const char *name,
			 json_object *o)
{
	const struct section *s = strcasecmp(name, PENDING) == 0 ? NULL : config_section(c, name);

	if (!s)
		return refuse(-ENOENT, "CT %u has no snapshot '%s'", a->vmid, name);
	return show_all(s, o);
}

/* Of the file, for `pct set --digest`. */
static int add_digest(unsigned vmid, json_object *o)
{
	char digest[DIGEST_SIZE];
	int r = conf_digest(vmid, digest);

	if (r == 0)
		json_object_object_add(o, "digest", json_object_new_string(digest));
	return r;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_output o = args_json(a) ? json_object_new_object() : NULL;
	const char *snapshot = args_value(a, "snapshot");
	int r;

	if (snapshot && args_bool(a, "current"))
		return refuse(EXIT_USAGE, "config: give either --snapshot or --current");
	r = conf_load(a->vmid, &c);
	if (r == 0 && snapshot)
		r = show_snapshot(a, &c, snapshot, o);
	else if (r == 0 && !args_bool(a, "current"))
		r = change_take_all(&c);
	if (r == 0 && !snapshot)
		r = show_all(&c.sections[0], o);
	if (r == 0 && o)
		r = add_digest(a->vmid, o);
	if (r == 0 && o)
		output_json(o);
	return r;
}

static const struct option options[] = {
	{ "current", OPTION_BOOL, .help = "as it is, without what is pending" },
	{ "snapshot", OPTION_TEXT, .min = 1, .max = 40, .value = "<snapshot>",
	  .help = "as it was then" },
};

const struct command cmd_config = {
	.name = "config",
	.args = "<vmid>",
	.help = "Show the configuration of a container",
	.more = "With what is pending, as it will be after the next start. Keys come sorted, lines "
		"for LXC itself last.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.prints = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
