/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What changes the images there are. A command that is killed leaves what the next one finds and
 * removes: parts of nobody, blobs that no image names. All of these say what is wrong.
 */
#pragma once

#include "pct/image/image.h"

/* A file on its way into the store, in parts/. Locked: another command leaves it alone. */
struct part {
	int fd;
	char *path;
	bool kept; /* stays when closed: a download that goes on another time */
};
#define PART_NONE                                                                                  \
	{                                                                                          \
		.fd = -EBADF                                                                       \
	}
#define auto_part CLEANUP(part_close) struct part

/* A new one; or that of this @key, with what is there: -EBUSY, said: somebody else has it. */
int part_new(struct part *out);
int part_of(const char *key, struct part *out);
void part_close(struct part *p);

/* Its SHA-256 and size. -EINTR when interrupted. */
int part_digest(const struct part *p, struct progress *progress, struct blob *out);

/* What of them is to be blobs, and the image that names them: all or nothing. */
struct arrival {
	struct part *part;
	struct blob blob;
};
int store_put(const struct image *i, struct arrival *arrivals, size_t n);

/* Leftovers go, and images whose time is over. */
int store_clean(void);

/* Is a blob there already? */
bool store_has(const char *sha256);
