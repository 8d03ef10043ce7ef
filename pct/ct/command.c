// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/command.h"

#include "base/base.h"

/* One that a quote begins ends at the next that is followed by a blank. */
static char *end_of(char *word, char quote)
{
	char *p = word;

	while ((p = strchr(p, quote)) && p[1] && !strchr(" \t", p[1]))
		p++;
	return p;
}

char **command_words(char *text)
{
	char **words = calloc(strlen(text) + 1, sizeof(*words));
	size_t n = 0;

	while (words && *(text += strspn(text, " \t"))) {
		char *end = *text == '"' || *text == '\'' ? end_of(text + 1, *text) : NULL;

		if (end)
			text++;
		else
			end = text + strcspn(text, " \t");
		words[n++] = text;
		text = end + (*end != '\0');
		*end = '\0';
	}
	return words;
}
