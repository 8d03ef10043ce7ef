// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/rows.h"

static size_t bucket_of(uint64_t hash)
{
	return (hash | 1) * 0x9e3779b97f4a7c15 >> 52;
}

void rows_remove(struct rows *r, uint32_t at)
{
	uint32_t *to = &r->bucket[bucket_of(r->hash[at - 1])];

	if (!r->hash[at - 1])
		return;
	while (*to != at)
		to = &r->next[*to - 1];
	*to = r->next[at - 1];
	r->hash[at - 1] = 0;
}

void rows_add(struct rows *r, uint32_t at, uint64_t hash)
{
	uint32_t *to = &r->bucket[bucket_of(hash)];

	rows_remove(r, at);
	r->hash[at - 1] = hash | 1;
	r->next[at - 1] = *to;
	*to = at;
}

uint32_t rows_first(const struct rows *r, uint64_t hash)
{
	return r->bucket[bucket_of(hash)];
}

uint32_t rows_next(const struct rows *r, uint32_t at)
{
	return r->next[at - 1];
}
