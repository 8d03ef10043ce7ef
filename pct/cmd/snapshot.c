// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct snapshot: what a container has on its volumes and in its conf, kept as it is now; and when
 * that is to be done by the clock.
 */
#include "pct/cli/args.h"
#include "pct/cli/output.h"
#include "pct/conf/keys.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/snap/auto.h"
#include "pct/snap/snap.h"

/* "off", or a schedule. */
static const char *form_when(const char *text)
{
	return strcmp(text, "off") == 0 ? NULL : form_schedule(text);
}

/* "daily,keep-daily=7": as the key has it; malloc'ed. */
static char *as_key(const char *schedule, const char *keep)
{
	auto_free char *copy = text_of("%s", keep ? keep : "");
	char *value = text_of("%s", schedule), *next = copy, *word;

	while (*copy && (word = strsep(&next, ",;"))) {
		char *longer =
		    text_of("%s,%s%s", value, strncmp(word, "keep-", 5) == 0 ? "" : "keep-", word);

		free(value);
		value = longer;
	}
	return value;
}

static int set_schedule(const struct args *a, struct config *c, const char *schedule)
{
	auto_free char *given = as_key(schedule, args_value(a, "keep")), *value = NULL;
	char why[OPTION_WHY];
	int r;

	if (strcmp(schedule, "off") == 0) {
		config_unset(c, "autosnap");
		return conf_save(a->vmid, c);
	}
	r = option_take(&key_find("autosnap")->option, given, &value, why);
	if (r == -EINVAL)
		return refuse(EXIT_USAGE, "snapshot: keep: %s", why);
	if (r == 0)
		r = config_set(c, "autosnap", value);
	return r < 0 ? fail(r, "set 'autosnap' to '%s'", given) : conf_save(a->vmid, c);
}

static void show(const struct args *a, const char *name, const struct snap_result *did)
{
	auto_output o = args_json(a) ? json_object_new_object() : NULL;

	if (!o) {
		if (a->argc == 0)
			puts(name);
		return;
	}
	json_object_object_add(o, "vmid", json_object_new_int64(a->vmid));
	json_object_object_add(o, "snapshot", json_object_new_string(name));
	json_object_object_add(o, "volumes", json_object_new_int64((int64_t)did->volumes));
	if (did->frozen_ms >= 0)
		json_object_object_add(o, "frozen_ms", output_decimal(did->frozen_ms));
	output_json(o);
}

static int take(const struct args *a, struct config *c)
{
	const char *keep = args_value(a, "keep");
	struct snap_result did = { .frozen_ms = -1 };
	struct keep rules;
	char automatic[AUTO_NAME];
	const char *name = a->argc ? a->argv[0] : automatic;
	int r;

	auto_name(c, time(NULL), automatic);
	r = snap_take(a->vmid, c, name, args_value(a, "description"), &did);
	if (r < 0)
		return r;
	show(a, name, &did);
	return keep && keep_parse(keep, &rules) == 0 ? auto_prune(a->vmid, c, &rules) : 0;
}

static int check(const struct args *a)
{
	const char *wrong = a->argc ? form_snapshot(a->argv[0]) : NULL;

	if (wrong)
		return refuse(EXIT_USAGE, "snapshot: '%s' cannot be the name of one: it is %s",
			      a->argv[0], wrong);
	if (a->argc && auto_is(a->argv[0]))
		return refuse(EXIT_USAGE,
			      "snapshot: '%s' is named as pct names those that --keep removes: "
			      "take another name, or none",
			      a->argv[0]);
	if (a->argc && (args_value(a, "keep") || args_value(a, "schedule")))
		return refuse(EXIT_USAGE, "snapshot: --keep and --schedule are of those without a "
					  "name, as pct names them itself: leave it out");
	if (args_value(a, "schedule") && args_value(a, "description"))
		return refuse(EXIT_USAGE, "snapshot: with --schedule none is taken now that could "
					  "have a --description");
	return 0;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	const char *schedule = args_value(a, "schedule");
	auto_lock lock = LOCK_NONE;
	int r = check(a);

	if (r == 0)
		r = lock_take(a->vmid, 10, &lock);
	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r != 0)
		return r;
	interrupt_catch();
	r = snap_mend(a->vmid, &c);
	if (r >= 0)
		r = conf_check_lock(a->vmid, &c, "snapshot");
	if (r < 0)
		return r;
	return schedule ? set_schedule(a, &c, schedule) : take(a, &c);
}

static const struct option options[] = {
	{ "description", OPTION_LINES, .min = 0, .max = 8192, .help = "a note of what it is" },
	{ "keep", OPTION_TEXT, .min = 1, .max = 200, .form = form_keep,
	  .value = "<last=n,daily=n,...>",
	  .help = "which of those without a name of their own stay; the others are removed" },
	{ "schedule", OPTION_TEXT, .min = 1, .max = 20, .form = form_when, .value = "<schedule>",
	  .help = "by the clock: hourly, daily, weekly, monthly, yearly, or as 15m, 6h; 'off'" },
};

const struct command cmd_snapshot = {
	.name = "snapshot",
	.args = "<vmid> [<name>]",
	.help = "Keep what a container is now, to go back to it",
	.more =
	    "All its volumes are kept as they are at one moment: it stands still for that, and all "
	    "it "
	    "has written is in there. Directories and devices of the host are left out, and said.\n"
	    "Without a name it is called auto-<date>-<time>. --schedule has that done by the clock "
	    "(pct-autosnap.timer), with --keep: 'pct snapshot 100 --schedule daily --keep "
	    "daily=7,weekly=4'.\n",
	.min_args = 1,
	.max_args = 2,
	.vmid = true,
	.prints = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
