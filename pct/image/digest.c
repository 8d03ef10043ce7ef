// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/digest.h"

void digest_text(struct sha256_ctx *sum, char out[SHA256_TEXT])
{
	uint8_t bytes[SHA256_DIGEST_SIZE];

	sha256_digest(sum, sizeof(bytes), bytes);
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void digest_of(const void *bytes, size_t n, char out[SHA256_TEXT])
{
	struct sha256_ctx sum;

	sha256_init(&sum);
	sha256_update(&sum, n, bytes);
	digest_text(&sum, out);
}

bool digest_is(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

const char *digest_oci(const char *text)
{
	return strncmp(text, "sha256:", 7) == 0 && digest_is(text + 7) ? text + 7 : NULL;
}
