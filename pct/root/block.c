// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/root/block.h"

#include "base/base.h"
#include "pct/paths.h"

static const struct {
	const char *begin, *end;
} markers[] = {
	{ "# --- BEGIN PCT ---\n", "# --- END PCT ---\n" },
	{ "# --- BEGIN PVE ---\n", "# --- END PVE ---\n" },
};

/* Of a whole line, not of a part of one. */
static const char *find_line(const char *text, const char *line)
{
	for (const char *p = text; (p = strstr(p, line)); p++)
		if (p == text || p[-1] == '\n')
			return p;
	return NULL;
}

char *block_put(const char *old, const char *block)
{
	for (size_t i = 0; i < ARRAY_LEN(markers); i++) {
		const char *begin = find_line(old, markers[i].begin);
		const char *end = begin ? find_line(begin, markers[i].end) : NULL;

		if (end)
			return text_of("%.*s%s%s%s", (int)(begin - old), old, markers[i].begin,
				       block, end);
	}
	return text_of("%s%s%s", markers[0].begin, block, markers[0].end);
}
