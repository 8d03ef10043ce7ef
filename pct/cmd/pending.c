// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct pending: what a container is, and what it will be after its next start.
 */
#include <json-c/json.h>

#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"

/* One key: as it is, what is asked, or that it goes. */
static int show(const struct config *c, const char *key, json_object *rows)
{
	const char *value = NULL, *now = config_get(c, key);
	bool asked = pending_find(c, key, &value);

	if (rows) {
		json_object *o = json_object_new_object();

		json_object_object_add(o, "key", json_object_new_string(key));
		if (now)
			output_add_as(o, "value", key, now);
		if (value)
			output_add_as(o, "pending", key, value);
		if (asked && !value)
			json_object_object_add(o, "delete", json_object_new_boolean(true));
		return json_object_array_add(rows, o);
	}
	if (now)
		output_line(asked && !value ? "del " : "cur ", key, now);
	if (value)
		output_line("new ", key, value);
	return 0;
}

/* Both sorted, each key once: of what there is, and of what is asked. */
static int show_all(const struct config *c, json_object *rows)
{
	auto_keys asked = pending_keys(c);
	auto_keys now = config_keys(c);
	size_t i = 0, j = 0;
	int r = 0;

	if (!asked || !now)
		return fail(-ENOMEM, "show what is pending");
	while (r == 0 && (now[i] || asked[j])) {
		int order = !now[i] ? 1 : !asked[j] ? -1 : strcmp(now[i], asked[j]);

		r = show(c, order <= 0 ? now[i] : asked[j], rows);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_output rows = args_json(a) ? json_object_new_array() : NULL;
	int r = conf_load(a->vmid, &c);

	if (r == 0)
		r = show_all(&c, rows);
	if (r == 0 && rows)
		output_json(rows);
	return r;
}

const struct command cmd_pending = {
	.name = "pending",
	.args = "<vmid>",
	.help = "Show what of a container's configuration waits for its next start",
	.more = "A line for every key: 'cur' is what it is, 'new' what it will be, 'del' what will "
		"go.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.prints = true,
	.run = run,
};
