// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who a container is, and which of its starts this is: the host's own numbers, hashed with what
 * is the container's alone. A container cannot tell the host's from them.
 */
#include "cgview/container.h"
#include "cgview/read.h"

#define BOOT_ID	     "sys/kernel/random/boot_id"
#define PRODUCT_UUID "sys/devices/virtual/dmi/id/product_uuid"

static uint64_t rotated(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotated(v[1], 13) ^ v[0];
	v[3] = rotated(v[3], 16) ^ v[2];
	v[0] = rotated(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotated(v[1], 17) ^ v[2];
	v[3] = rotated(v[3], 21) ^ v[0];
	v[2] = rotated(v[2], 32);
}

static void sip_take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

/* SipHash-2-4, of Aumasson and Bernstein: does not give its key away. */
uint64_t cgv_siphash(const uint64_t key[2], const void *text, size_t n)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
			  key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
	const unsigned char *p = text;
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++) {
		word |= (uint64_t)p[i] << i % 8 * 8;
		if (i % 8 < 7)
			continue;
		sip_take(v, word);
		word = 0;
	}
	sip_take(v, word | (uint64_t)n << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* "01234567-89ab-cdef-0123-456789abcdef" */
static int parse(struct span text, uint64_t out[2])
{
	uint64_t half[2] = { 0, 0 };
	struct span word, part;
	unsigned n = 0;

	if (!span_word(&text, &word))
		return -EBADMSG;
	for (; span_until(&word, '-', &part); n++) {
		static const unsigned len[] = { 8, 4, 4, 4, 12 };
		uint64_t v;

		if (n >= ARRAY_LEN(len) || span_len(part) != len[n] || !span_hex(&part, &v))
			return -EBADMSG;
		half[n > 2] = half[n > 2] << len[n] * 4 | v;
	}
	if (n != 5)
		return -EBADMSG;
	memcpy(out, half, sizeof(half));
	return 0;
}

/* A UUID of version 4, as the kernel makes them. -ENOENT: the host has no such number. */
static int derive(int dir, const char *name, const void *text, size_t n, struct cgv_uuid *out)
{
	uint64_t key[2], other[2], half;
	struct span was;
	char buf[128];
	int r = cgv_read(dir, name, buf, sizeof(buf), &was);

	if (r == 0)
		r = parse(was, key);
	if (r < 0)
		return r;
	other[0] = ~key[0];
	other[1] = key[1];
	half = cgv_siphash(key, text, n);
	memcpy(out->byte, &half, 8);
	half = cgv_siphash(other, text, n);
	memcpy(out->byte + 8, &half, 8);
	out->byte[6] = (out->byte[6] & 0x0f) | 0x40;
	out->byte[8] = (out->byte[8] & 0x3f) | 0x80;
	return 0;
}

int cgv_boot_id(const struct cgv_container *c, pid_t init, struct cgv_uuid *out)
{
	uint64_t start[2] = { (uint64_t)init, 0 };
	int r = init ? cgv_start(c->host, init, &start[1]) : cgv_inode(c, &start[1]);

	return r < 0 ? r : derive(c->host->proc, BOOT_ID, start, sizeof(start), out);
}

int cgv_product_uuid(const struct cgv_container *c, struct cgv_uuid *out)
{
	const char *path = "";

	for (int i = 0; i < CGV_N_CONTROLLERS && !*path; i++)
		path = cgv_container_path(c, (enum cgv_controller)i);
	return derive(c->host->root, PRODUCT_UUID, path, strlen(path), out);
}
