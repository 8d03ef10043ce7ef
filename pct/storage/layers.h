/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories one above the other, as one: an overlay that nobody sees but who holds it.
 */
#pragma once

#include <stddef.h>

#include "base/base.h"

#define LAYERS_MAX 16

struct layers {
	char *volume;		 /* a directory with `upper` and `work` in it; NULL: read-only */
	char *lower[LAYERS_MAX]; /* the highest first */
	size_t n;
};

static inline void layers_free(struct layers *l)
{
	free(l->volume);
	for (size_t i = 0; i < l->n; i++)
		free(l->lower[i]);
}
#define auto_layers CLEANUP(layers_free) struct layers

/*
 * *@fd: a detached mount. An overlay cannot be mounted with other ids than its layers have, but
 * they can: each is, with those of @users (a user namespace; -EBADF: as on the disk). Says what is
 * wrong; @what begins the message; NULL: nothing is said of -EOPNOTSUPP, that is of the ids.
 */
int layers_mount(const struct layers *l, int users, const char *what, int *fd);
