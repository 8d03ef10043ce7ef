// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cgview/span.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct field fields[] = { { "anon", 0 }, { "file", 8 }, { "a", 16 } };
	struct span all = { (const char *)data, (const char *)data + size }, s = all, part;
	uint64_t v[3] = { 0 }, n;

	HOLDS(span_fields(all, fields, ARRAY_LEN(fields), v) <= size / 3 + 1);
	while (span_line(&s, &part))
		HOLDS(part.p >= all.p && part.end <= all.end &&
		      !memchr(part.p, '\n', span_len(part)));
	HOLDS(s.p == all.end);
	for (s = all; span_word(&s, &part);)
		HOLDS(span_len(part) && part.end <= all.end);
	for (s = all; span_u64(&s, &n) || span_hex(&s, &n) || span_until(&s, ',', &part);)
		HOLDS(s.p <= all.end);
	return 0;
}
