/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPv4 nets, and one that is nobody's. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct subnet {
	uint32_t first; /* in the host's order */
	unsigned bits;
};

#define SUBNET_TEXT 20

/* "10.1.2.0/24": no bits set behind its length. */
bool subnet_parse(const char *text, struct subnet *out);

/* Address @n of it, with its length or without. */
void subnet_address(const struct subnet *s, uint32_t n, bool with_bits, char out[SUBNET_TEXT]);

uint32_t subnet_size(const struct subnet *s);
bool subnet_has(const struct subnet *s, uint32_t address);
bool subnet_overlap(const struct subnet *a, const struct subnet *b);

/* A 10.x.y.0/24 that overlaps none of @taken; which, is up to @seed. -EADDRNOTAVAIL. */
int subnet_pick(const struct subnet *taken, size_t n, uint32_t seed, struct subnet *out);

/* The forms of options: NULL, or what it should be. */
const char *form_subnet(const char *text);  /* 10.1.2.0/24, /8 to /29 */
const char *form_subnet6(const char *text); /* fd00:1::/64 */
