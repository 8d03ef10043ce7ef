// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/guest/block.h"

#include "base/base.h"
#include "pct/paths.h"

static const struct {
	const char *begin, *end;
} markers[] = {
	{ "# --- BEGIN PVE ---\n", "# --- END PVE ---\n" },
	{ "# --- BEGIN PCT ---\n", "# --- END PCT ---\n" },
};

/* Of a whole line, not of a part of one. */
static const char *find_line(const char *text, const char *line)
{
	for (const char *p = text; (p = strstr(p, line)); p++)
		if (p == text || p[-1] == '\n')
			return p;
	return NULL;
}

/* Offsets; a beginning whose end somebody took away is text like any other. */
struct place {
	size_t begin, end; /* of the markers' lines: the first's, past the last's */
	size_t kind;
};

static bool find(const char *text, struct place *out)
{
	for (size_t i = 0; i < ARRAY_LEN(markers); i++) {
		const char *begin = find_line(text, markers[i].begin), *next;
		const char *end = begin ? find_line(begin, markers[i].end) : NULL;

		if (!end)
			continue;
		while ((next = find_line(begin + 1, markers[i].begin)) && next < end)
			begin = next;
		*out = (struct place){ (size_t)(begin - text),
				       (size_t)(end - text) + strlen(markers[i].end), i };
		return true;
	}
	return false;
}

/* Its last line ends. */
static char *whole(const char *old)
{
	size_t n = strlen(old);

	return text_of("%s%s", old, n && old[n - 1] != '\n' ? "\n" : "");
}

char *block_put(const char *old, const char *block, enum block_where where)
{
	auto_free char *text = whole(old), *marked = NULL;
	struct place p = { 0 };
	bool there = find(text, &p);

	if (!*block)
		return there ? text_of("%.*s%s", (int)p.begin, text, text + p.end) : strdup(old);
	marked = text_of("%s%s%s", markers[p.kind].begin, block, markers[p.kind].end);
	if (there)
		return text_of("%.*s%s%s", (int)p.begin, text, marked, text + p.end);
	if (where == BLOCK_ALONE)
		return take_ptr(marked);
	return where == BLOCK_START ? text_of("%s%s", marked, text) : text_of("%s%s", text, marked);
}

char *block_around(const char *old)
{
	return block_put(old, "", BLOCK_END);
}

bool block_is_there(const char *old)
{
	auto_free char *text = whole(old);
	struct place p;

	return find(text, &p);
}

bool block_find(const char *text, size_t *begin, size_t *end)
{
	struct place p;

	if (!find(text, &p))
		return false;
	*begin = p.begin;
	*end = p.end;
	return true;
}

static bool is_line(const char *line, const char *marker)
{
	size_t n = strlen(marker) - 1;

	return strncmp(line, marker, n) == 0 && strchr("\n", line[n]);
}

char block_marker(const char *line)
{
	line += strspn(line, " \t");
	for (size_t i = 0; i < ARRAY_LEN(markers); i++) {
		if (is_line(line, markers[i].begin))
			return 'b';
		if (is_line(line, markers[i].end))
			return 'e';
	}
	return 0;
}
