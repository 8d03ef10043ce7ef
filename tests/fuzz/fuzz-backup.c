// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Any bytes as the conf in an archive, as a template for notes, an archive's name, a pattern, an
 * ACL: what is taken of a conf is taken again as it is, and nothing of it reaches the host.
 */
#include "fuzz.h"
#include "pct/backup/conf.h"
#include "pct/backup/exclude.h"
#include "pct/backup/name.h"
#include "pct/backup/notes.h"

static void as_conf(const uint8_t *data, size_t size)
{
	CLEANUP(config_free) struct config c = { 0 }, again = { 0 };
	auto_dropped d = { 0 }, none = { 0 };
	auto_free char *text = NULL, *second = NULL;
	size_t n, m;

	if (backup_conf_read((const char *)data, size, false, &c, &d) < 0)
		return;
	HOLDS(c.n == 1);
	HOLDS(!config_get(&c, "hookscript") && !config_get(&c, "lock"));
	for (size_t i = 0; i < c.sections->n; i++) {
		const struct entry *e = &c.sections->entries[i];

		HOLDS(e->key && !entry_is_lxc(e) && strncmp(e->key, "dev", 3) != 0);
		if (strncmp(e->key, "mp", 2) == 0 || strcmp(e->key, "rootfs") == 0)
			HOLDS(!backup_conf_is_host_path(e->value));
	}
	HOLDS(config_write(&c, &text, &n) == 0);
	HOLDS(backup_conf_read(text, n, false, &again, &none) == 0);
	HOLDS(config_write(&again, &second, &m) == 0);
	HOLDS(strcmp(text, second) == 0 && !none.unknown && !none.host);
}

static void as_text(const char *text)
{
	const struct notes n = { "guest", "node", "", 100 };
	const char *const patterns[] = { text, NULL };
	const struct excludes x = { patterns, true };
	auto_free char *made = NULL;
	struct backup_name name;
	char why[OPTION_WHY];

	if (notes_make(text, &n, &made, why) == 0)
		HOLDS(made[strlen(made) - 1] == '\n');
	if (backup_name_parse(text, &name) == 0)
		HOLDS(name.vmid >= 100 && text[name.stem] == '.');
	if (strlen(text) < 64)
		(void)excluded(&x, "/usr/share/doc/a");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	as_conf(data, size);
	as_text(text);
	return 0;
}
