// SPDX-License-Identifier: LGPL-2.1-or-later
#include <arpa/inet.h>
#include <ctype.h>

#include "base/base.h"
#include "pct/net/subnet.h"

static uint32_t mask_of(unsigned bits)
{
	return bits ? ~0u << (32 - bits) : 0;
}

/* "24" behind the slash, and the address before it. */
static bool split(const char *text, int family, void *address, unsigned *bits)
{
	const char *slash = strchr(text, '/');
	char before[INET6_ADDRSTRLEN];

	if (!slash || (size_t)(slash - text) >= sizeof(before) ||
	    !isdigit((unsigned char)slash[1]) ||
	    strspn(slash + 1, "0123456789") != strlen(slash + 1) || strlen(slash + 1) > 3)
		return false;
	snprintf(before, sizeof(before), "%.*s", (int)(slash - text), text);
	*bits = (unsigned)strtoul(slash + 1, NULL, 10);
	return inet_pton(family, before, address) == 1;
}

bool subnet_parse(const char *text, struct subnet *out)
{
	uint32_t address;
	unsigned bits;

	if (!split(text, AF_INET, &address, &bits) || bits > 32 ||
	    (ntohl(address) & ~mask_of(bits)))
		return false;
	*out = (struct subnet){ ntohl(address), bits };
	return true;
}

void subnet_address(const struct subnet *s, uint32_t n, bool with_bits, char out[SUBNET_TEXT])
{
	uint32_t a = s->first + n;
	char bits[8] = "";

	if (with_bits)
		snprintf(bits, sizeof(bits), "/%u", s->bits);
	snprintf(out, SUBNET_TEXT, "%u.%u.%u.%u%s", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255,
		 bits);
}

uint32_t subnet_size(const struct subnet *s)
{
	return ~mask_of(s->bits) + 1;
}

bool subnet_has(const struct subnet *s, uint32_t address)
{
	return ((address ^ s->first) & mask_of(s->bits)) == 0;
}

bool subnet_overlap(const struct subnet *a, const struct subnet *b)
{
	return subnet_has(a->bits < b->bits ? a : b, a->bits < b->bits ? b->first : a->first);
}

static bool is_free(const struct subnet *s, const struct subnet *taken, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (subnet_overlap(s, &taken[i]))
			return false;
	return true;
}

/* A step that meets each of them once, and leaves the neighbourhood of what is taken. */
int subnet_pick(const struct subnet *taken, size_t n, uint32_t seed, struct subnet *out)
{
	for (uint32_t i = 0; i < 65536; i++) {
		struct subnet s = { 10u << 24 | ((seed + i * 40503) & 0xffff) << 8, 24 };

		if (is_free(&s, taken, n)) {
			*out = s;
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

const char *form_subnet(const char *text)
{
	struct subnet s;

	return subnet_parse(text, &s) && s.bits >= 8 && s.bits <= 29
		   ? NULL
		   : "an IPv4 net of 8 to 29 bits, as 10.1.2.0/24";
}

const char *form_subnet6(const char *text)
{
	static const unsigned char none[8];
	unsigned char a[16];
	unsigned bits;

	return split(text, AF_INET6, a, &bits) && bits == 64 && memcmp(a + 8, none, 8) == 0
		   ? NULL
		   : "an IPv6 net of 64 bits, as fd00:1::/64";
}
