/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container holds of what there is for all: open files, and texts that are for one of its
 * readers alone. Each has a share; beyond it open(2) says ENFILE.
 */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

#define OPENS_MAX   16384	       /* its files that are open */
#define PRIVATE_MAX 1024	       /* … with a text of their own */
#define BYTES_MAX   ((size_t)32 << 20) /* … of those texts */

struct holds {
	atomic_int opens, texts;
	atomic_size_t bytes;
};

/* One more open file; -ENFILE: there are too many. */
int holds_open(struct holds *h) MUST_CHECK;
void holds_close(struct holds *h);

/* Room for one more text, before it is made. */
int holds_text(struct holds *h) MUST_CHECK;
/*
 * Now it is there, and known how long it is. @free: bytes for texts that nobody has any more; a
 * container gets no more than it leaves to others, so that no number of them takes all.
 */
int holds_bytes(struct holds *h, size_t bytes, size_t free) MUST_CHECK;
void holds_drop_text(struct holds *h, size_t bytes);
/* The text was replaced by another one. */
void holds_resize(struct holds *h, size_t from, size_t to);

/* It is so since the worker before. @bytes 0: no text of its own. */
void holds_restore(struct holds *h, size_t bytes);
