// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct config: what a container is configured to be, sorted, raw liblxc lines last.
 */
#include "pct/cli/args.h"
#include "pct/conf/store.h"

static int show(const char *key, const char *value, size_t n)
{
	auto_free char *line = config_encode(value, n);

	if (!line)
		return fail(-ENOMEM, "show '%s'", key);
	printf("%s: %s\n", key, line);
	return 0;
}

/* Keys come sorted; the description is no entry, so it has its place found here. */
static int show_all(const struct section *s)
{
	auto_free const struct entry **sorted = calloc(s->n + 1, sizeof(struct entry *));
	const char *note = s->description;
	int r = 0;

	if (!sorted)
		return fail(-ENOMEM, "show the config");
	for (size_t i = 0; i < s->n; i++)
		sorted[i] = &s->entries[i];
	qsort(sorted, s->n, sizeof(*sorted), entry_compare);
	for (size_t i = 0; r == 0 && i <= s->n; i++) {
		const struct entry *e = sorted[i];

		if (note &&
		    (!e || !e->key || entry_is_lxc(e) || strcmp(e->key, "description") > 0)) {
			r = show("description", note, strlen(note));
			note = NULL;
		}
		if (e && e->key)
			printf("%s: %s\n", e->key, e->value);
	}
	return r;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	int r = conf_load(a->vmid, &c);

	return r < 0 ? r : show_all(&c.sections[0]);
}

const struct command cmd_config = {
	.name = "config",
	.args = "<vmid>",
	.help = "Show the configuration of a container",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.run = run,
};
