// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Any bytes as a value of any key: what is taken is kept in a conf and read back as it was, is
 * taken again as itself, and brings nothing else with it.
 */
#include <stdint.h>

#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "tests/fuzz/fuzz.h"

static void keep(const char *name, const char *value)
{
	static const char before[] = "lxc.a: b\n[snap]\nmemory: 7\n";
	CLEANUP(config_free) struct config c = { 0 }, again = { 0 };
	auto_free char *text = NULL;
	bool description = strcmp(name, "description") == 0;
	const char *read;
	size_t n;

	HOLDS(config_parse(before, strlen(before), &c, NULL) == 0);
	HOLDS(pending_set(&c, name, value) == 0 && pending_take(&c, name) == 0);
	HOLDS(config_write(&c, &text, &n) == 0 && config_parse(text, n, &again, NULL) == 0);
	read = config_get(&again, name);
	HOLDS(read && (description || strcmp(read, value) == 0));
	HOLDS(again.n == 2 + (config_section(&again, PENDING) != NULL));
	HOLDS(again.sections[0].n == (description ? 1 : 2));
	HOLDS(config_section(&again, "snap")->n == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct key *k = &keys[size ? data[0] % n_keys : 0];
	auto_free char *text = calloc(1, size + 1), *kept = NULL, *twice = NULL;
	char why[OPTION_WHY], name[OPTION_NAME];

	if (size)
		memcpy(text, data + 1, size - 1);
	if (option_take(&k->option, text, &kept, why) < 0) {
		HOLDS(strlen(why) > 0 && strlen(why) < OPTION_WHY);
		return 0;
	}
	HOLDS(option_take(&k->option, kept, &twice, why) == 0 && strcmp(kept, twice) == 0);
	/* Of variables there may be several: they are lines of their own. */
	if (k->option.type == OPTION_LIST && strchr(kept, '\n'))
		return 0;
	snprintf(name, sizeof(name), "%s%s", k->option.name, k->option.count ? "0" : "");
	keep(name, kept);
	return 0;
}
