// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/include.h"

#include <sys/stat.h>

#include "base/rules.h"
#include "base/say.h"

#define NAME	(ROOM + 16)
#define FOLDER	"%s/lxc.d"
#define CONFIG	"%s/lxc.d/sysinfo.conf"
#define PROFILE "%s/lxc.seccomp"

/* Whole or not at all: a container may start meanwhile. */
static int put(const char *path, const char *text)
{
	char temp[NAME + 8];
	FILE *f;
	int r = 0;

	snprintf(temp, sizeof(temp), "%s.new", path);
	f = fopen(temp, "we");
	if (!f)
		return -errno;
	if (fputs(text, f) < 0)
		r = -EIO;
	if (fclose(f) != 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temp, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(temp);
	return r;
}

static int put_rules(const char *path)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	rules_put(CALLS_ASKED, true, f);
	return fclose(f) != 0 ? -ENOMEM : put(path, text);
}

void include_write(const struct daemon *d)
{
	char path[NAME], profile[NAME], lines[3 * ROOM];
	int r = 0;

	snprintf(path, sizeof(path), FOLDER, d->run);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		r = -errno;
	snprintf(profile, sizeof(profile), PROFILE, d->run);
	if (r == 0)
		r = put_rules(profile);
	snprintf(lines, sizeof(lines),
		 "lxc.seccomp.profile = %s\n"
		 "lxc.seccomp.notify.proxy = unix:%s\n",
		 profile, d->seccomp);
	snprintf(path, sizeof(path), CONFIG, d->run);
	if (r == 0)
		r = put(path, lines);
	if (r < 0)
		warn(r, "write '%s', by which LXC's containers have sysinfo(2) answered", path);
}

void include_remove(const struct daemon *d)
{
	static const char *const names[] = { CONFIG, FOLDER, PROFILE };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[NAME];

		/* A constant of this file. */
		snprintf(path, sizeof(path), names[i], d->run);
		(void)remove(path);
	}
}
