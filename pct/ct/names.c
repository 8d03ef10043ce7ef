// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names a container that runs goes by, and asks others for.
 */
#include <sched.h>

#include "base/say.h"
#include "pct/ct/apply.h"
#include "pct/ct/inside.h"
#include "pct/ct/lxcconf.h"
#include "pct/guest/live.h"
#include "pct/paths.h"

static int take_name(const void *name, struct inside *out)
{
	(void)out;
	return sethostname(name, strlen(name)) < 0 ? -errno : 0;
}

int apply_hostname(struct live *l, const char *name, const char *value)
{
	auto_free char *nodename = lxcconf_nodename(l->vmid, value);
	struct inside said;
	int r = inside_run(l->vmid, l->init, CLONE_NEWUTS, take_name, nodename, &said);

	if (r < 0)
		return fail(r, "name CT %u '%s'", l->vmid, nodename);
	/* It has the name; a file of it that cannot be written was told of. */
	(void)guest_live(l, name, value, GUEST_NAME);
	return 0;
}

/* Of `nameserver` and of `searchdomain`, which are lines of one file. */
int apply_resolv(struct live *l, const char *name, const char *value)
{
	return guest_live(l, name, value, GUEST_DNS);
}
