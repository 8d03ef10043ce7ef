// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * liblxc says only of a whole config that it cannot use it: which of a conf's own lines is it?
 */
#include <lxc/lxccontainer.h>

#include "pct/conf/raw.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"

/* It would open its log. */
static bool is_log(const char *key)
{
	return strncmp(key, "lxc.log", 7) == 0;
}

char *ct_wrong_line(unsigned vmid, struct lxc_container *empty, char **key)
{
	CLEANUP(config_free) struct config c = { 0 };
	const struct section *s;

	if (conf_load(vmid, &c) < 0)
		return NULL;
	s = c.sections;
	for (size_t i = 0; i < s->n; i++) {
		const struct entry *e = &s->entries[i];

		if (!entry_is_lxc(e) || is_log(e->key) ||
		    empty->set_config_item(empty, raw_name(e->key), e->value))
			continue;
		*key = text_of("%s", e->key);
		return text_of("%s = %s", e->key, e->value);
	}
	return NULL;
}
