/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SHA-256, in hex.
 */
#pragma once

#include <nettle/sha2.h>
#include <stdbool.h>

#include "pct/image/image.h"

/* Ends the sum. */
void digest_text(struct sha256_ctx *sum, char out[SHA256_TEXT]);
void digest_of(const void *bytes, size_t n, char out[SHA256_TEXT]);

/* 64 hexadecimal digits, of which none is a capital. */
bool digest_is(const char *text);
/* "sha256:..." of OCI: what follows, NULL if it is no such. */
const char *digest_oci(const char *text);
