// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/holds.h"

static int hold(atomic_int *n, int most)
{
	if (atomic_fetch_add(n, 1) < most)
		return 0;
	atomic_fetch_sub(n, 1);
	return -ENFILE;
}

int holds_open(struct holds *h)
{
	return hold(&h->opens, OPENS_MAX);
}

void holds_close(struct holds *h)
{
	atomic_fetch_sub(&h->opens, 1);
}

int holds_text(struct holds *h)
{
	return hold(&h->texts, PRIVATE_MAX);
}

int holds_bytes(struct holds *h, size_t bytes, size_t free)
{
	size_t had = atomic_fetch_add(&h->bytes, bytes);

	if (had + bytes <= MIN(BYTES_MAX, free))
		return 0;
	atomic_fetch_sub(&h->bytes, bytes);
	return -ENFILE;
}

void holds_drop_text(struct holds *h, size_t bytes)
{
	atomic_fetch_sub(&h->bytes, bytes);
	atomic_fetch_sub(&h->texts, 1);
}

void holds_resize(struct holds *h, size_t from, size_t to)
{
	atomic_fetch_add(&h->bytes, to - from); /* also when it is less */
}

void holds_restore(struct holds *h, size_t bytes)
{
	atomic_fetch_add(&h->opens, 1);
	if (!bytes)
		return;
	atomic_fetch_add(&h->texts, 1);
	atomic_fetch_add(&h->bytes, bytes);
}
