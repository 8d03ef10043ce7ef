// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/name.h"
#include "base/base.h"
#include "pct/paths.h"

static const char begin[] = "vzdump-lxc-";

static const char *const suffixes[] = { ".tar",	   ".tar.zst", ".tar.gz", ".tgz",
					".tar.xz", ".tar.bz2", ".tar.lzo" };

/* Just @digits of them. */
static bool take_number(const char **p, int digits, int *out)
{
	*out = 0;
	for (int i = 0; i < digits; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return true;
}

static bool take_char(const char **p, char c)
{
	return *(*p)++ == c;
}

/* "2026_01_31-23_59_59" */
static bool take_time(const char **p, struct tm *t)
{
	*t = (struct tm){ .tm_isdst = -1 };
	if (!take_number(p, 4, &t->tm_year) || !take_char(p, '_') ||
	    !take_number(p, 2, &t->tm_mon) || !take_char(p, '_') ||
	    !take_number(p, 2, &t->tm_mday) || !take_char(p, '-') ||
	    !take_number(p, 2, &t->tm_hour) || !take_char(p, '_') ||
	    !take_number(p, 2, &t->tm_min) || !take_char(p, '_') || !take_number(p, 2, &t->tm_sec))
		return false;
	t->tm_year -= 1900;
	t->tm_mon -= 1;
	return t->tm_year >= 70 && t->tm_mon >= 0 && t->tm_mon < 12 && t->tm_mday >= 1 &&
	       t->tm_mday <= 31 && t->tm_hour < 24 && t->tm_min < 60 && t->tm_sec < 61;
}

int backup_name_parse(const char *name, struct backup_name *out)
{
	const char *p = name, *dash;
	char id[16];
	struct tm t;

	if (strncmp(p, begin, sizeof(begin) - 1) != 0)
		return -EINVAL;
	p += sizeof(begin) - 1;
	dash = strchr(p, '-');
	if (!dash || (size_t)(dash - p) >= sizeof(id))
		return -EINVAL;
	snprintf(id, sizeof(id), "%.*s", (int)(dash - p), p);
	p = dash + 1;
	if (!vmid_parse(id, &out->vmid) || !take_time(&p, &t))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		if (strcmp(p, suffixes[i]) != 0)
			continue;
		out->when = mktime(&t);
		out->suffix = p;
		out->stem = (size_t)(p - name);
		return 0;
	}
	return -EINVAL;
}

char *backup_name_make(unsigned vmid, time_t when)
{
	char text[32];
	struct tm t;

	localtime_r(&when, &t);
	strftime(text, sizeof(text), "%Y_%m_%d-%H_%M_%S", &t);
	return text_of("%s%u-%s", begin, vmid, text);
}
