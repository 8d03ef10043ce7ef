// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/snap/auto.h"
#include <ctype.h>

#include "base/say.h"
#include "pct/cli/property.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/paths.h"
#include "pct/snap/snap.h"

void auto_name(const struct config *c, time_t now, char out[AUTO_NAME])
{
	struct tm tm;

	do
		strftime(out, AUTO_NAME, "auto-%Y%m%d-%H%M%S", localtime_r(&now, &tm));
	while (config_section(c, out) && now++);
}

bool auto_is(const char *name)
{
	static const char form[] = "auto-00000000-000000";

	if (strlen(name) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)name[i]) : name[i] != form[i])
			return false;
	return true;
}

static int newest_first(const void *a, const void *b)
{
	const struct section *x = *(const struct section *const *)a;
	const struct section *y = *(const struct section *const *)b;
	time_t tx = snap_time(x), ty = snap_time(y);

	return tx != ty ? (tx < ty) - (tx > ty) : strcmp(y->name, x->name);
}

/* NULL: memory is out. */
static const struct section **sorted(const struct config *c, size_t *n)
{
	const struct section **all = calloc(c->n, sizeof(struct section *));

	*n = 0;
	for (size_t i = 1; all && i < c->n; i++)
		if (snap_is(&c->sections[i]) && auto_is(c->sections[i].name))
			all[(*n)++] = &c->sections[i];
	if (all)
		qsort(all, *n, sizeof(*all), newest_first);
	return all;
}

time_t auto_last(const struct config *c)
{
	size_t n;
	auto_free const struct section **all = sorted(c, &n);

	return all && n ? snap_time(all[0]) : 0;
}

int auto_surplus(const struct config *c, const struct keep *k, char ***names)
{
	size_t n, to = 0;
	auto_free const struct section **all = sorted(c, &n);
	auto_free time_t *when = calloc(c->n, sizeof(*when));
	auto_free bool *stays = calloc(c->n, sizeof(*stays));
	auto_keys out = calloc(c->n + 1, sizeof(*out));

	if (!all || !when || !stays || !out)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		when[i] = snap_time(all[i]);
	keep_select(k, when, n, stays);
	for (size_t i = n; i-- > 0;) {
		if (stays[i])
			continue;
		out[to] = strdup(all[i]->name);
		if (!out[to++])
			return -ENOMEM;
	}
	*names = take_ptr(out);
	return 0;
}

int auto_prune(unsigned vmid, struct config *c, const struct keep *k)
{
	auto_keys names = NULL;
	int r = auto_surplus(c, k, &names);

	if (r < 0)
		return fail(r, "list the snapshots of CT %u", vmid);
	for (char **name = names; r == 0 && *name; name++)
		r = snap_remove(vmid, c, *name, false);
	return r;
}

int auto_read(const struct config *c, struct keep *k, char **schedule)
{
	static const char *const rules[KEEP_PERIODS] = {
		[KEEP_LAST] = "keep-last",	 [KEEP_HOURLY] = "keep-hourly",
		[KEEP_DAILY] = "keep-daily",	 [KEEP_WEEKLY] = "keep-weekly",
		[KEEP_MONTHLY] = "keep-monthly", [KEEP_YEARLY] = "keep-yearly",
	};
	auto_properties p = { 0 };
	const char *value = config_get(c, "autosnap"), *text;

	if (!value || properties_read(&key_find("autosnap")->option, value, &p) < 0)
		return -ENOENT;
	text = properties_get(&p, "schedule");
	if (!text)
		return -ENOENT;
	*schedule = text_of("%s", text);
	*k = (struct keep){ 0 };
	for (size_t i = 0; i < KEEP_PERIODS; i++) {
		text = properties_get(&p, rules[i]);
		if (text)
			k->of[i] = (unsigned)strtoul(text, NULL, 10);
	}
	return 0;
}
