/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What commands print that print data: lines for people, JSON for programs.
 */
#pragma once

#include <json-c/json.h>

#include "base/base.h"

static inline void output_free(json_object **o)
{
	json_object_put(*o);
}
/* Owned: auto_output o = json_object_new_object(); */
#define auto_output CLEANUP(output_free) json_object *

/* A key's value, as a number where the key is one. The last of a key that there are several of. */
void output_add(json_object *o, const char *key, const char *value);
/* Likewise, as a member of another name. */
void output_add_as(json_object *o, const char *name, const char *key, const char *value);

/* With one digit after the point, as nobody has measured more. */
json_object *output_decimal(double value);

/* All of it, to stdout. */
void output_json(json_object *o);

/* Of an object: "key: value", a line for each. */
void output_lines(json_object *o);

/* "cur memory: 512": on one line, or with the key again on each of them. */
void output_line(const char *before, const char *key, const char *value);
