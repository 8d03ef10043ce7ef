/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Getting files over http and https, by libcurl. All of these say what is wrong, but that there is
 * no such file: -ENOENT.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct part;
struct progress;

/* A text of up to @max bytes, malloc'ed. */
int http_text(const char *url, size_t max, char **text, size_t *n);

/*
 * What a part lacks of a file, whose @size is known, or 0: then what the part has is forgotten, and
 * @max bytes are the most. Goes on where a server or the net broke off, some times.
 */
int http_part(const char *url, struct part *to, uint64_t size, uint64_t max, struct progress *p);

/* May it be asked for: of one of the two kinds, of printable characters, and not too long? NULL,
 * or what it should be. */
const char *http_form(const char *url);
