/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Users and groups by the text of a container's /etc/passwd and /etc/group, whoever wrote them.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"
#include "cgview/span.h"

#define ACCOUNT_TEXT   (1u << 20) /* no longer file is read */
#define ACCOUNT_GROUPS 256

struct account {
	uid_t uid;
	gid_t gid;
	char *name, *home, *shell; /* malloc'ed; "" where the line has none */
};

/* The first line of /etc/passwd for a name, or for a number. -ENOENT: there is none. */
int account_find(struct span passwd, const char *who, struct account *out) MUST_CHECK;
void account_free(struct account *a);
#define auto_account CLEANUP(account_free) struct account

/* A group of /etc/group by its name. -ENOENT: there is none. */
int account_group(struct span group, const char *name, gid_t *out) MUST_CHECK;

/* @primary, then the groups whose lines list @name; how many. */
size_t account_groups(struct span group, const char *name, gid_t primary,
		      gid_t out[ACCOUNT_GROUPS]);

/* All digits: an id. (uid_t)-1 is none, for it means "leave it". */
bool account_number(const char *text, uid_t *out);

/* A regular file, in @buf (malloc'ed). -EINVAL: it is none. -E2BIG: it is too long. */
int account_read(const char *path, char **buf, struct span *out) MUST_CHECK;

/*
 * By the files of the root directory this process has: @user as "name", "1000", or with a group of
 * its own, "name:group". Ids without a line are taken as they are. Says what is not there.
 */
int account_look_up(const char *user, struct account *out) MUST_CHECK;
int account_look_up_group(const char *group, gid_t *out) MUST_CHECK;
