// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/prune.h"
#include "base/base.h"
#include "pct/cli/property.h"

#define COUNT .min = 0, .max = 1000000, .value = "<number>"

// clang-format off
const struct option prune_properties[] = {
	{ "keep-all", OPTION_BOOL, .help = "nothing is removed" },
	{ "keep-daily", OPTION_INT, COUNT, .help = "the last one of that many days" },
	{ "keep-hourly", OPTION_INT, COUNT, .help = "the last one of that many hours" },
	{ "keep-last", OPTION_INT, COUNT, .help = "that many, the newest" },
	{ "keep-monthly", OPTION_INT, COUNT, .help = "the last one of that many months" },
	{ "keep-weekly", OPTION_INT, COUNT, .help = "the last one of that many weeks" },
	{ "keep-yearly", OPTION_INT, COUNT, .help = "the last one of that many years" },
	{ .name = NULL },
};

/* A period's name is different from that of every other of its kind. */
static const struct { const char *name, *period; } rules[KEEPS] = {
	[KEEP_LAST]    = { "keep-last",    NULL },
	[KEEP_HOURLY]  = { "keep-hourly",  "%Y-%m-%d %H" },
	[KEEP_DAILY]   = { "keep-daily",   "%Y-%m-%d" },
	[KEEP_WEEKLY]  = { "keep-weekly",  "%G %V" },
	[KEEP_MONTHLY] = { "keep-monthly", "%Y-%m" },
	[KEEP_YEARLY]  = { "keep-yearly",  "%Y" },
};
// clang-format on

int retention_parse(const char *text, struct retention *out, char why[OPTION_WHY])
{
	const struct option o = { "prune-backups", OPTION_PROPERTIES,
				  .properties = prune_properties };
	auto_properties p = { 0 };
	unsigned any = 0;

	*out = (struct retention){ 0 };
	if (properties_parse(&o, text, &p, why) < 0)
		return -EINVAL;
	out->all = properties_bool(&p, "keep-all");
	for (size_t i = 0; i < KEEPS; i++) {
		const char *n = properties_get(&p, rules[i].name);

		out->keep[i] = n ? (unsigned)strtoul(n, NULL, 10) : 0;
		any |= out->keep[i];
	}
	if (out->all && any) {
		snprintf(why, OPTION_WHY, "keep-all keeps all: it stands alone");
		return -EINVAL;
	}
	/* Who says 0 of everything would lose the backup that was just made. */
	out->all |= any == 0;
	return 0;
}

#define PERIOD 32

static void period_of(size_t rule, const struct kept *k, char out[PERIOD])
{
	struct tm t;

	if (!rules[rule].period) {
		snprintf(out, PERIOD, "%p", (const void *)k);
		return;
	}
	localtime_r(&k->when, &t);
	if (strftime(out, PERIOD, rules[rule].period, &t) == 0)
		*out = '\0';
}

static int newest_first(const void *a, const void *b)
{
	const struct kept *x = *(struct kept *const *)a, *y = *(struct kept *const *)b;

	return x->when > y->when ? -1 : x->when < y->when;
}

/* @order: from the newest on. Periods come one after the other, so the last one is all to know. */
static void apply(size_t rule, unsigned count, struct kept **order, size_t n)
{
	char covered[PERIOD] = "", now[PERIOD];

	for (size_t i = 0; i < n; i++) {
		period_of(rule, order[i], now);
		if (strcmp(now, covered) == 0)
			continue;
		/* Was one of it kept by a rule before: then the period has its own. */
		bool has = false;

		for (size_t k = i; k < n && !has; k++) {
			char its[PERIOD];

			period_of(rule, order[k], its);
			if (strcmp(its, now) != 0)
				break;
			has = order[k]->keep;
		}
		snprintf(covered, sizeof(covered), "%s", now);
		if (has)
			continue;
		if (count-- == 0)
			return;
		order[i]->keep = true;
	}
}

int retention_apply(const struct retention *r, struct kept *all, size_t n)
{
	auto_free struct kept **order = calloc(n + 1, sizeof(struct kept *));
	size_t have = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		all[i].keep = r->all || all[i].protected;
		if (!all[i].keep)
			order[have++] = &all[i];
	}
	qsort(order, have, sizeof(*order), newest_first);
	for (size_t i = 0; i < KEEPS; i++)
		if (r->keep[i])
			apply(i, r->keep[i], order, have);
	return 0;
}
