/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A window on text somebody else owns. Taking something moves the front of the window past it;
 * a failed take moves nothing. Nothing here allocates, and nothing needs a terminating NUL.
 */
struct span {
	const char *p, *end;
};

struct span span_of(const char *literal);
static inline size_t span_len(struct span s)
{
	return (size_t)(s.end - s.p);
}
bool span_is(struct span s, const char *literal);
bool span_starts(struct span s, const char *literal);

/* A line, without its end of line. False: nothing is left. */
bool span_line(struct span *s, struct span *line);

/* What stands before the next blank or end of line; leading blanks are passed. */
bool span_word(struct span *s, struct span *word);

/* What stands before @sep, which is passed too; the rest if there is no @sep. False: empty. */
bool span_until(struct span *s, char sep, struct span *part);

/* A word of digits only; overflow is a failure. _hex: likewise, without 0x. */
bool span_u64(struct span *s, uint64_t *value);
bool span_hex(struct span *s, uint64_t *value);

/* One row of "key value" text and the place its value goes to: a uint64_t. */
struct field {
	const char *key;
	size_t offset;
};

/*
 * Read "key value" lines into @into; a key may end in a colon in the text. Keys are matched
 * whole, unknown ones are passed. Returns how many of @fields were there.
 */
size_t span_fields(struct span s, const struct field *fields, size_t n, void *into);
