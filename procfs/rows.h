/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows of a table, numbered from 1, by a hash of their key: found without a look at the others.
 */
#pragma once

#include "base/base.h"
#include <stdint.h>

#define ROWS_MAX 16384

struct rows {
	uint32_t bucket[4096], next[ROWS_MAX]; /* 0: none */
	uint64_t hash[ROWS_MAX];	       /* under which a row is here; 0: it is not */
};

/* One that is here already is here by its new hash only. */
void rows_add(struct rows *r, uint32_t at, uint64_t hash);
void rows_remove(struct rows *r, uint32_t at);

/* Some rows, and all of that hash; 0: there are no more. The newest first. */
uint32_t rows_first(const struct rows *r, uint64_t hash);
uint32_t rows_next(const struct rows *r, uint32_t at);
