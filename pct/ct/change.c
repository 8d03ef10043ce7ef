// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/base.h"
#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/ct/live.h"
#include "pct/ct/lxc.h"
#include "pct/ct/volumes.h"

static int apply(struct live *l, const char *name)
{
	const struct key *k = key_find(name);
	const char *value;

	if (!pending_find(l->config, name, &value))
		return 0;
	if (k && k->hotplug == HOTPLUG_CONFIG)
		return 0;
	if (!k || k->hotplug == HOTPLUG_START || !k->apply)
		return APPLY_LATER;
	return k->apply(l, name, value);
}

static int take(unsigned vmid, struct config *c, const char *name)
{
	int r;

	if (ct_volume_key(name))
		return ct_volume_take(vmid, c, name);
	r = pending_take(c, name);

	return r < 0 ? fail(r, "set '%s'", name) : 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What failed is as @before: not asked, or it is that again which was pending then. */
static int give_up(struct config *c, const struct config *before, const char *name)
{
	const char *is = NULL, *was;
	bool restore =
	    pending_find(before, name, &was) && pending_find(c, name, &is) && !same(is, was);

	pending_revert(c, name);
	if (!restore)
		return 0;
	return was ? pending_set(c, name, was) : pending_delete(c, name);
}

int change_take_all(struct config *c)
{
	auto_keys asked = pending_keys(c);
	int r = asked ? 0 : fail(-ENOMEM, "read what is pending");

	for (size_t i = 0; r == 0 && asked[i]; i++)
		if (pending_take(c, asked[i]) < 0)
			r = fail(-ENOMEM, "set '%s'", asked[i]);
	return r;
}

int change_make_all(unsigned vmid, struct config *c)
{
	auto_keys asked = pending_keys(c);
	int r = asked ? 0 : fail(-ENOMEM, "read what is pending"), failed = 0;

	for (size_t i = 0; asked && asked[i]; i++) {
		r = take(vmid, c, asked[i]);
		if (r < 0)
			pending_revert(c, asked[i]);
		failed = r < 0 ? r : failed;
	}
	return failed < 0 ? failed : r;
}

int change_apply(unsigned vmid, struct config *c, const struct config *before, bool force)
{
	auto_keys asked = pending_keys(c);
	struct live l = { .vmid = vmid, .config = c, .force = force };
	int r = asked ? 0 : fail(-ENOMEM, "read what is pending"), failed = 0;

	if (r == 0 && ct_running(vmid))
		r = ct_init(vmid, &l.init);
	if (r < 0 && r != -ESRCH)
		return r;
	if (!l.init)
		return change_make_all(vmid, c);
	for (size_t i = 0; asked[i]; i++) {
		r = apply(&l, asked[i]);
		if (r == 0)
			r = take(vmid, c, asked[i]);
		else if (r < 0 && give_up(c, before, asked[i]) < 0)
			warn(-ENOMEM, "what was pending of '%s' is not any more", asked[i]);
		failed = r < 0 ? r : failed;
	}
	return failed;
}
