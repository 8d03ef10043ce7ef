// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>

#include "pct/conf/forms.h"
#include "pct/guest/inner.h"

#define ZONES "usr/share/zoneinfo"

/* What the host's /etc/localtime leads to; "": no zone by name. */
static void zone_of_host(char out[PATH_MAX])
{
	char real[PATH_MAX];
	const char *zone = realpath("/etc/localtime", real) ? strstr(real, "zoneinfo/") : NULL;

	snprintf(out, PATH_MAX, "%s", zone ? zone + strlen("zoneinfo/") : "");
}

static char *line_of(const char *old, const void *zone)
{
	(void)old;
	return text_of("%s\n", (const char *)zone);
}

void timezone_set(struct guest *g)
{
	const char *wanted = config_get(g->job->config, "timezone");
	auto_free char *path = NULL, *to = NULL;
	char zone[PATH_MAX];

	if (!wanted || g->distro->no_timezone)
		return;
	snprintf(zone, sizeof(zone), "%s", wanted);
	if (strcmp(wanted, "host") == 0)
		zone_of_host(zone);
	if (!*zone || form_timezone(zone) || strstr(zone, ".."))
		return;
	path = text_of(ZONES "/%s", zone);
	if (!within_there(&g->files, path)) {
		warn(0,
		     "%s: its system has no time zone '%s': install tzdata in it, or take another",
		     g->job->who, zone);
		return;
	}
	to = text_of("/%s", path);
	within_link(&g->files, "etc/localtime", to);
	within_edit(&g->files, "etc/timezone", line_of, zone, 0);
}
