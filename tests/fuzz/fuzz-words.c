// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Any words as a runtime's command line: our options go, the rest stays as it is and in its order.
 */
#include <stdint.h>

#include "launcher/words.h"
#include "tests/fuzz/fuzz.h"

#define WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[WORDS + 1] = { "runc" }, *before[WORDS + 1];
	auto_free char *text = malloc(size + 1);
	struct own_words own;
	struct call call;
	const char *bad;
	size_t n = 1;

	memcpy(text, data, size);
	text[size] = '\0';
	for (char *p = text; p < text + size && n < WORDS; p += strlen(p) + 1)
		argv[n++] = p;
	memcpy(before, argv, sizeof(argv));
	if (words_take(argv, &own, &bad) < 0) {
		HOLDS(strncmp(bad, "--pct-", 6) == 0);
		return 0;
	}
	for (size_t i = 0, k = 0; argv[i]; i++, k++) {
		while (before[k] && before[k] != argv[i])
			k++;
		HOLDS(before[k]);
	}
	words_read(argv, &call);
	HOLDS(call.bundle && call.root && (call.command || (!call.id && call.makes == MAKES_NO)));
	return 0;
}
