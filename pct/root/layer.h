/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A layer of an OCI image over others: which names came with it, and what it says is gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct put;

/* Hashes of names. Owned: CLEANUP(layer_free) struct layer l = { 0 }; */
struct layer {
	uint64_t *hashes;
	size_t n, room; /* room: a power of 2 */
};

/* @name and all directories above it. */
int layer_add(struct layer *l, const char *name);
bool layer_has(const struct layer *l, const char *name);
void layer_free(struct layer *l);

enum whiteout { WHITEOUT_NOT, WHITEOUT_NAME, WHITEOUT_ALL, WHITEOUT_OTHER, WHITEOUT_WRONG };

/*
 * What ".wh.NAME", ".wh..wh..opq" mean: malloc'ed in @gone the name that is gone, or whose
 * directory's older names all are. Others of that form belong to a file system of old. Pure.
 */
enum whiteout whiteout_of(const char *name, char **gone);

/* Take it away. Says what is wrong. */
int layer_take_away(struct layer *l, struct put *p, enum whiteout what, const char *gone);
