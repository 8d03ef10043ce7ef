// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "cgview/span.h"

struct span span_of(const char *literal)
{
	return (struct span){ literal, literal + strlen(literal) };
}

bool span_starts(struct span s, const char *literal)
{
	size_t n = strlen(literal);

	return span_len(s) >= n && memcmp(s.p, literal, n) == 0;
}

bool span_is(struct span s, const char *literal)
{
	size_t n = span_len(s);

	if (n == 0 || *s.p != *literal) /* most differ here */
		return n == 0 && !*literal;
	return n == strlen(literal) && memcmp(s.p, literal, n) == 0;
}

bool span_until(struct span *s, char sep, struct span *part)
{
	const char *at;

	if (s->p == s->end)
		return false;
	at = memchr(s->p, sep, span_len(*s));
	*part = (struct span){ s->p, at ? at : s->end };
	s->p = at ? at + 1 : s->end;
	return true;
}

bool span_line(struct span *s, struct span *line)
{
	return span_until(s, '\n', line);
}

bool span_word(struct span *s, struct span *word)
{
	const char *p = s->p;
	const char *start;

	while (p < s->end && (*p == ' ' || *p == '\t'))
		p++;
	start = p;
	while (p < s->end && *p != ' ' && *p != '\t' && *p != '\n')
		p++;
	if (p == start)
		return false;
	*word = (struct span){ start, p };
	s->p = p;
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static bool number(struct span *s, int base, uint64_t *value)
{
	struct span rest = *s, word;
	uint64_t v = 0;

	if (!span_word(&rest, &word))
		return false;
	for (const char *p = word.p; p < word.end; p++) {
		int d = digit(*p);

		if (d >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	*value = v;
	*s = rest;
	return true;
}

bool span_u64(struct span *s, uint64_t *value)
{
	return number(s, 10, value);
}

bool span_hex(struct span *s, uint64_t *value)
{
	return number(s, 16, value);
}

size_t span_fields(struct span s, const struct field *fields, size_t n, void *into)
{
	struct span line, key;
	size_t found = 0;
	uint64_t v;

	while (found < n && span_line(&s, &line)) {
		const struct field *f = fields;

		if (!span_word(&line, &key))
			continue;
		if (key.end[-1] == ':')
			key.end--;
		while (f < fields + n && !span_is(key, f->key))
			f++;
		if (f == fields + n || !span_u64(&line, &v))
			continue;
		memcpy((char *)into + f->offset, &v, sizeof(v));
		found++;
	}
	return found;
}
