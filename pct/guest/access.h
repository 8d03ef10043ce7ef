/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How its root gets in, as the options of `create` and `restore` say.
 */
#pragma once

#include "pct/guest/guest.h"

struct access {
	char *password; /* NULL: not given */
	char *keys;
};

/*
 * @password "": it is asked for, twice. @keys is a file's name. Both may be NULL. Says what is
 * wrong, before anything is made.
 */
int access_take(const char *password, const char *keys, struct access *out);
void access_free(struct access *a);
#define auto_access CLEANUP(access_free) struct access

/* Is it one that crypt(3) made, and is to be taken as it is? */
bool access_is_crypted(const char *password);

/* A plain one crypted, as this system's login understands it: malloc'ed; NULL: it cannot be. */
char *access_crypt(const char *password, bool yescrypt);

/* A new container's own files. */
void guest_create(unsigned vmid, int root, const struct config *c, const struct access *a);
