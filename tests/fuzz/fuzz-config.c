// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Any bytes as a conf: reading never fails, and what is written reads back as the same text.
 */
#include <stdint.h>

#include "base/base.h"
#include "pct/conf/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config first, second;
	char *text, *again;
	size_t n, m;

	if (config_parse((const char *)data, size, &first, NULL) < 0 ||
	    config_write(&first, &text, &n) < 0 || config_parse(text, n, &second, NULL) < 0 ||
	    config_write(&second, &again, &m) < 0 || n != m || memcmp(text, again, n) != 0)
		abort();
	config_free(&first);
	config_free(&second);
	free(text);
	free(again);
	return 0;
}
