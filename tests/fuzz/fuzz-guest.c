// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdint.h>

#include "tests/fuzz/fuzz.h"

#include "pct/guest/inner.h"

/* A container's files: what is made of them is the same when it is made once more. */
static void twice(char *first, char *second)
{
	HOLDS(first && second && strcmp(first, second) == 0);
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct guest_nic nics[] = {
		{ "eth0",
		  { { IP_STATIC, true, "192.0.2.7", "255.255.255.0", 24, "198.51.100.1", true },
		    { IP_AUTO, true, "", "", 0, "", false } } },
		{ "a", { { .mode = IP_DHCP, .given = true }, { 0 } } },
	};
	const struct interfaces in = { nics, 2, size % 2, size % 3 == 0 };
	auto_free char *text = calloc(1, size + 1);
	char *made[6] = { NULL };
	char value[32];

	if (!text)
		return 0;
	memcpy(text, data, size);
	made[0] = interfaces_text(text, &in);
	twice(made[0], interfaces_text(made[0], &in));
	made[1] = inittab_text(text, "#:2345:respawn:/sbin/getty tty#", 2, true);
	twice(made[1], inittab_text(made[1], "#:2345:respawn:/sbin/getty tty#", 2, true));
	made[2] = hosts_text(text, "web", "192.0.2.7");
	twice(made[2], hosts_text(made[2], "web", "192.0.2.7"));
	made[3] = shadow_text(text, "root", "$6$x", 20000);
	twice(made[3], shadow_text(made[3], "root", "$6$x", 20000));
	made[4] = text_variable(text, "HOSTNAME", "web");
	twice(made[4], text_variable(made[4], "HOSTNAME", "web"));
	made[5] = block_put(text, "x\n", (enum block_where)(size % 3));
	twice(made[5], block_put(made[5], "x\n", (enum block_where)(size % 3)));
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		free(take_ptr(made[i]));
	if (release_value(text, "ID", value, sizeof(value)))
		HOLDS(strlen(value) < sizeof(value) && (release_version(value) || true));
	return 0;
}
