// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Limits of a container that runs, as those of one that starts: the same numbers in the same files.
 */
#include "pct/ct/apply.h"

#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/ct/cores.h"
#include "pct/ct/group.h"
#include "pct/ct/shrink.h"

/* What of a key will hold once all that is asked is done. */
static const char *will_be(const struct live *l, const char *name)
{
	const char *value = pending_get(l->config, name);

	return value ? value : key_find(name)->fallback;
}

static int unusable(const struct live *l, const char *name, const char *value, int r)
{
	return refuse(r, "CT %u: '%s' cannot be '%s'", l->vmid, name, value ? value : "");
}

/* Of `memory` and of `swap`: v1 has one limit for the sum of both. */
int apply_memory(struct live *l, const char *name, const char *value)
{
	CLEANUP(group_close) struct group g = { 0 };
	struct limits limits = { 0 };
	int r = group_open(l->vmid, &g);

	if (r < 0)
		return r;
	r = limits_memory_and_swap(&g.layout, will_be(l, "memory"), will_be(l, "swap"), &limits);
	if (r < 0)
		return unusable(l, name, value, r);
	return shrink_or_grow(&g, l->config, &limits, l->force);
}

static int limit_cpu(struct live *l, const char *name, const char *value,
		     int (*limits_of)(const struct host_layout *, const char *, struct limits *))
{
	CLEANUP(group_close) struct group g = { 0 };
	struct limits limits = { 0 };
	int r = group_open(l->vmid, &g);

	if (r < 0)
		return r;
	r = limits_of(&g.layout, will_be(l, name), &limits);
	if (r < 0)
		return unusable(l, name, value, r);
	return group_limit(&g, l->config, &limits);
}

/* The others may have to make room. What it is to have is in its conf already, as pending. */
int apply_cores(struct live *l, const char *name, const char *value)
{
	(void)name, (void)value;
	return cores_balance(l->vmid, 0);
}

int apply_cpulimit(struct live *l, const char *name, const char *value)
{
	return limit_cpu(l, name, value, limits_cpulimit);
}

int apply_cpuunits(struct live *l, const char *name, const char *value)
{
	return limit_cpu(l, name, value, limits_cpuunits);
}
