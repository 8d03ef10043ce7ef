// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fnmatch.h>

#include "pct/backup/exclude.h"

static const char *const standard[] = { "/tmp/?*", "/var/tmp/?*", "/var/run/?*.pid", NULL };

static bool matches(const char *pattern, const char *path)
{
	auto_free char *bare = NULL;
	size_t n = strlen(pattern);

	/* "dir/" is meant to be the directory. */
	if (n > 1 && pattern[n - 1] == '/') {
		bare = strndup(pattern, n - 1);
		if (!bare)
			return false;
		pattern = bare;
	}
	if (*pattern == '/')
		return fnmatch(pattern, path, 0) == 0;
	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/'))
		if (fnmatch(pattern, p + 1, 0) == 0)
			return true;
	return false;
}

static bool any(const char *const *patterns, const char *path)
{
	for (; patterns && *patterns; patterns++)
		if (matches(*patterns, path))
			return true;
	return false;
}

bool excluded(const struct excludes *x, const char *path)
{
	return any(x->patterns, path) || (x->standard && any(standard, path));
}
