// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/storage/lvm.h"
#include "base/say.h"
#include "pct/cli/output.h"
#include "pct/paths.h"
#include "pct/storage/program.h"

const char *lvm_group(const struct storage *s)
{
	const char *name = storage_option(s, "vgname");

	return name ? name : "";
}

const char *lvm_pool(const struct storage *s)
{
	const char *name = storage_option(s, "thinpool");

	return name ? name : "";
}

const char *lvm_column(json_object *row, const char *name)
{
	json_object *v;

	return json_object_object_get_ex(row, name, &v) ? json_object_get_string(v) : "";
}

uint64_t lvm_number(json_object *row, const char *name)
{
	return strtoull(lvm_column(row, name), NULL, 10);
}

#define COLUMNS "lv_name,lv_size,data_percent,pool_lv,lv_attr"

int lvm_ask(const struct storage *s, const char *lv, json_object **report, json_object **rows)
{
	auto_free char *of = text_of("%s%s%s", lvm_group(s), lv ? "/" : "", lv ? lv : "");
	const char *const argv[] = { "lvs", "--reportformat", "json", "--units", "b", "--nosuffix",
				     "-o",  COLUMNS,	      of,     NULL };
	auto_free char *answer = NULL;
	auto_output all = NULL;
	json_object *first;
	int r = program_ask(s, argv, "list its volumes", lv != NULL, &answer);

	if (r < 0)
		return r;
	all = json_tokener_parse(answer);
	first = all && json_object_object_get_ex(all, "report", &first)
		    ? json_object_array_get_idx(first, 0)
		    : NULL;
	if (!first || !json_object_object_get_ex(first, "lv", rows) ||
	    !json_object_is_type(*rows, json_type_array))
		return refuse(-EBADMSG, "storage '%s': 'lvs' answers in another form", s->id);
	*report = take_ptr(all);
	return 0;
}

bool lvm_is_there(const struct storage *s, const char *lv)
{
	auto_output report = NULL;
	json_object *rows;

	return lvm_ask(s, lv, &report, &rows) == 0;
}
