/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sizes as people write them: 1024-based, of bytes. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SIZE_TEXT 24

/* "1.5G", "512.0M", "17": one decimal, below 1024 none. */
void size_short(uint64_t bytes, char out[SIZE_TEXT]);

/* As a conf has it, and nothing lost: "8G", "8704M", "1000" if it is no multiple of 1024; "0T". */
void size_exact(uint64_t bytes, char out[SIZE_TEXT]);

/* "[+]number[K|M|G|T]": *more says whether the "+" is there. -EINVAL: something else. */
int size_wanted(const char *text, bool *more, uint64_t *bytes);
