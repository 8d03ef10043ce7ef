/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How every program's --help breaks its lines.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

#define WRAP_WIDTH 80

/* Words from @column on, later lines from @indent on; ends its line. */
static inline void put_wrapped(const char *text, size_t column, size_t indent, FILE *to)
{
	bool first = true;

	while (*text) {
		size_t n = strcspn(text, " \n");

		if (!first && column + 1 + n > WRAP_WIDTH) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		fprintf(to, "%s%.*s", first ? "" : " ", (int)n, text);
		column += n + !first;
		first = false;
		text += n + strspn(text + n, " \n");
	}
	fputc('\n', to);
}
