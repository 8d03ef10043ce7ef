/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON of others: anything may be missing or of another type. Pure.
 */
#pragma once

#include <json-c/json.h>
#include <stdint.h>

#include "base/base.h"

static inline void json_free(json_object **o)
{
	json_object_put(*o);
}
#define auto_json CLEANUP(json_free) json_object *

/* One value and nothing behind it; NULL: it is none. */
static inline json_object *json_of(const char *text, size_t n)
{
	json_tokener *t = n <= INT32_MAX ? json_tokener_new_ex(16) : NULL;
	json_object *o = t ? json_tokener_parse_ex(t, text, (int)n) : NULL;
	size_t end = t ? json_tokener_get_parse_end(t) : 0;

	json_tokener_free(t);
	while (o && end < n && strchr(" \t\r\n", text[end]) && text[end])
		end++;
	if (o && end < n) {
		json_object_put(o);
		o = NULL;
	}
	return o;
}

static inline json_object *json_get(json_object *o, const char *key, json_type type)
{
	json_object *v = NULL;

	return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, &v) &&
		       json_object_is_type(v, type)
		   ? v
		   : NULL;
}

/* NULL: not there, or no text, or one with a NUL in it. */
static inline const char *json_string(json_object *o)
{
	const char *text =
	    json_object_is_type(o, json_type_string) ? json_object_get_string(o) : NULL;

	return text && strlen(text) == (size_t)json_object_get_string_len(o) ? text : NULL;
}

static inline const char *json_text(json_object *o, const char *key)
{
	return json_string(json_get(o, key, json_type_string));
}

/* Below 0: none. */
static inline int64_t json_number(json_object *o, const char *key)
{
	json_object *v = json_get(o, key, json_type_int);

	return v ? json_object_get_int64(v) : -1;
}

/* Members of a list; 0 of what is none. */
static inline size_t json_count(json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}
