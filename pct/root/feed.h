/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of a file, decompressed by a thread of its own while others are written.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct feed;

/* From where @fd is. -errno, not said. */
int feed_open(int fd, struct feed **out);

/* The next bytes, until the next call. 0: that was all; -errno: feed_why() says what it was. */
ssize_t feed_next(struct feed *f, const void **block);
const char *feed_why(const struct feed *f);

/* How much of the file is read. */
uint64_t feed_at(struct feed *f);

void feed_close(struct feed **f);
