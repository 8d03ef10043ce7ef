/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What LVM reports of a volume group.
 */
#pragma once

#include <json-c/json.h>

#include "pct/storage/storage.h"

const char *lvm_group(const struct storage *s);
const char *lvm_pool(const struct storage *s);

/*
 * The thin volumes, and pools, of the group; only @lv unless NULL. *@rows is in *@report. -ENOENT,
 * not said: there is no @lv.
 */
int lvm_ask(const struct storage *s, const char *lv, json_object **report, json_object **rows);

bool lvm_is_there(const struct storage *s, const char *lv);

/* Of a row: "" if it has none. */
const char *lvm_column(json_object *row, const char *name);
uint64_t lvm_number(json_object *row, const char *name);
