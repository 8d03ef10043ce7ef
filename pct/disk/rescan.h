/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is on the storages, and what confs say of it.
 */
#pragma once

#include "pct/conf/config.h"
#include "pct/storage/volume.h"

struct found_volume {
	const struct storage *storage;
	char *name;
	unsigned owner;
	enum volume_format format;
	uint64_t bytes; /* 0: without a size */
	bool named;	/* by a conf */
};

struct found_volumes {
	struct found_volume *all;
	size_t n;
};
void found_free(struct found_volumes *f);
#define auto_found CLEANUP(found_free) struct found_volumes

/*
 * All volumes of containers there are, each once, also where two storages are of one directory.
 * What a storage cannot tell is said, and the others are looked at.
 */
int found_read(struct found_volumes *out);

/* Mark those that any section of it names. */
void found_mark(struct found_volumes *f, const struct config *c);

/*
 * Of @vmid: sizes as they are, and what nobody names as unused<n>. Says what it changes; the number
 * of changes, or a negative errno, said.
 */
int found_apply(struct found_volumes *f, unsigned vmid, struct config *c);
