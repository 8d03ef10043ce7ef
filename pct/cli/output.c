// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/cli/output.h"
#include "base/say.h"
#include "pct/conf/keys.h"

void output_add(json_object *o, const char *key, const char *value)
{
	output_add_as(o, key, key, value);
}

void output_add_as(json_object *o, const char *name, const char *key, const char *value)
{
	const struct key *k = key_find(key);
	enum option_type type = k ? k->option.type : OPTION_TEXT;
	json_object *v = NULL;
	int64_t n;

	if ((type == OPTION_INT || type == OPTION_BOOL) && option_number(value, &n) &&
	    n % NUMBER_SCALE == 0)
		v = json_object_new_int64(n / NUMBER_SCALE);
	else if (type == OPTION_NUMBER && option_number(value, &n))
		v = json_object_new_double_s((double)n / NUMBER_SCALE, value);
	json_object_object_add(o, name, v ? v : json_object_new_string(value));
}

json_object *output_decimal(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f", value);
	return json_object_new_double_s(value, text);
}

void output_json(json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
						   JSON_C_TO_STRING_NOSLASHESCAPE));
}

void output_lines(json_object *o)
{
	struct json_object_iterator i = json_object_iter_begin(o);
	struct json_object_iterator end = json_object_iter_end(o);

	for (; !json_object_iter_equal(&i, &end); json_object_iter_next(&i))
		printf("%s: %s\n", json_object_iter_peek_name(&i),
		       json_object_get_string(json_object_iter_peek_value(&i)));
}

void output_line(const char *before, const char *key, const char *value)
{
	auto_free char *line = NULL;

	if (strcmp(key, "description") == 0) {
		line = config_encode(value, strlen(value));
		value = line ? line : "";
	}
	do {
		size_t n = strcspn(value, "\n");

		printf("%s%s: %.*s\n", before, key, (int)n, value);
		value += n;
	} while (*value++);
}
