// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>

#include "pct/cli/size.h"
#include "pct/ct/usage.h"

static const char units[] = "KMGT";

void size_short(uint64_t bytes, char out[SIZE_TEXT])
{
	double n = (double)bytes;
	const char *unit = NULL;

	for (const char *u = units; n >= 1024 && *u; u++) {
		n /= 1024;
		unit = u;
	}
	if (unit)
		snprintf(out, SIZE_TEXT, "%.1f%c", n, *unit);
	else
		snprintf(out, SIZE_TEXT, "%u", (unsigned)n);
}

void size_exact(uint64_t bytes, char out[SIZE_TEXT])
{
	const char *unit = NULL;

	for (const char *u = units; bytes % 1024 == 0 && *u; u++) {
		bytes /= 1024;
		unit = u;
	}
	snprintf(out, SIZE_TEXT, unit ? "%llu%c" : "%llu", (unsigned long long)bytes,
		 unit ? *unit : '\0');
}

int size_wanted(const char *text, bool *more, uint64_t *bytes)
{
	bool plus = *text == '+';
	int r = usage_size(text + plus, bytes);

	if (r == 0)
		*more = plus;
	return r;
}
