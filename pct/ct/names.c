// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The names a container that runs goes by, and asks others for.
 */
#include <sched.h>

#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/ct/apply.h"
#include "pct/ct/inside.h"
#include "pct/ct/lxcconf.h"
#include "pct/paths.h"
#include "pct/root/resolv.h"

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

	(void)name;
	return r < 0 ? fail(r, "name CT %u '%s'", l->vmid, nodename) : 0;
}

/* Of `nameserver` and of `searchdomain`, which are lines of one file. */
int apply_resolv(struct live *l, const char *name, const char *value)
{
	const char *ostype = key_value(l->config, "ostype");
	auto_free char *host = resolv_of_host();
	auto_free char *lines =
	    resolv_lines(pending_get(l->config, "nameserver"),
			 pending_get(l->config, "searchdomain"), host ? host : "");

	(void)name, (void)value;
	/* Whose files are nobody's business but its own. */
	if (ostype && strcmp(ostype, "unmanaged") == 0)
		return 0;
	return lines ? resolv_write(l->vmid, l->init, lines) : fail(-ENOMEM, "set '%s'", name);
}
