/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose interfaces are on a bridge, by the confs of the containers.
 */
#pragma once

#include "base/base.h"
#include "pct/net/nic.h"

struct user {
	struct nic nic;
	bool is, will;	   /* it is so now; once what is pending is done */
	char hostname[64]; /* its first part, as it will be */
};

struct users {
	struct user *list;
	size_t n;
};
void users_free(struct users *u);
#define auto_users CLEANUP(users_free) struct users

/* A conf that cannot be read has none. 0 or a negative errno, not said. */
int users_find(const char *bridge, struct users *out);

/* Of the container itself, or of another one? */
bool user_is(const struct user *u, const struct nic *n);
