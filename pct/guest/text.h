/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text being written: struct text t = text_begin(); fprintf(t.out, ...); return text_end(&t).
 * Where memory is out the program ends, as in text_of().
 */
#pragma once

#include <stdbool.h>

#include "base/say.h"

struct text {
	FILE *out;
	char **at; /* where open_memstream() puts it */
};

struct text text_begin(void);
char *text_end(struct text *t);

/* The next line of *@at with its end, for "%.*s"; false: there is none. */
static inline bool text_line(const char **at, const char **line, size_t *n)
{
	const char *end;

	if (!**at)
		return false;
	end = strchr(*at, '\n');
	*line = *at;
	*n = end ? (size_t)(end - *at) + 1 : strlen(*at);
	*at += *n;
	return true;
}

/*
 * Lines of shell variables, as in /etc/sysconfig and /etc/conf.d: the first that sets @name sets
 * it to @value, and others that do are gone. malloc'ed. Pure.
 */
char *text_variable(const char *old, const char *name, const char *value);
