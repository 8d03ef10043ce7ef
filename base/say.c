// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>

#include "base/say.h"

enum say_level say_limit = SAY_INFO;
void (*say_before)(void);

static const struct {
	const char *name;
	enum say_level level;
} levels[] = {
	{ "error", SAY_ERR },
	{ "warning", SAY_WARN },
	{ "info", SAY_INFO },
	{ "debug", SAY_DEBUG },
};

int say_level_parse(const char *name, enum say_level *out)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (strcmp(levels[i].name, name) == 0) {
			*out = levels[i].level;
			return 0;
		}
	return -EINVAL;
}

const char *say_level_name(enum say_level level)
{
	size_t i = 0;

	while (levels[i].level != level)
		i++;
	return levels[i].name;
}

void say(enum say_level level, int err, const char *fmt, ...)
{
	static int journal = -1;
	char line[1024];
	va_list ap;
	int n;

	if (level > say_limit)
		return;
	if (journal < 0)
		journal = getenv("JOURNAL_STREAM") != NULL;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';

	if (say_before)
		say_before();
	if (journal)
		fprintf(stderr, "<%d>%s%s%s\n", level, line, err ? ": " : "",
			err ? strerror(-err) : "");
	else
		fprintf(stderr, "%s: %s%s%s\n", program_invocation_short_name, line,
			err ? ": " : "", err ? strerror(-err) : "");
}
