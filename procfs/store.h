/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must outlive even the keeper. A supervisor (systemd's fd store) holds a copy of each of the
 * keeper's descriptors, by name, and gives them all to the keeper that it starts next.
 */
#pragma once

#include "procfs/daemon.h"

struct stored {
	const char *name; /* no digit in it: what is kept for workers is "kept" and a number */
	int *fd;
};

/* Is there a supervisor? Then nothing ends with this process but by request. */
bool store_is_there(void);

/* To the supervisor. The same descriptor twice is the same as once. */
void store_put(const char *name, int fd);
void store_drop(const char *name);
void store_put_kept(uint32_t id, int fd);
void store_drop_kept(uint32_t id);
void store_put_all(const struct stored *all, size_t n, const int kept[KEPT_MAX]);

/* What a keeper before this one had: each into its place, which is left alone if there is none. */
void store_take(const struct stored *all, size_t n, int kept[KEPT_MAX]);

/* The supervisor ends who does not say this for a while. */
void store_tell_alive(void);
