/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of a container and is not so yet: the section [pve:pending] of its conf, with new
 * values, and "delete: a,b" for keys that are to go. Pure.
 */
#pragma once

#include "pct/conf/config.h"

#define PENDING "pve:pending"

/*
 * Ask for it; what was asked of that key before is forgotten. Nothing is pending when it is as
 * asked already. Errors as of section_set().
 */
int pending_set(struct config *c, const char *key, const char *value);
int pending_delete(struct config *c, const char *key);

/* Ask for nothing of that key any more. */
void pending_revert(struct config *c, const char *key);

/* Is something asked of it? Then *value is what, NULL: that it goes. */
bool pending_find(const struct config *c, const char *key, const char **value);

/* What it will be: as asked, else as it is. */
const char *pending_get(const struct config *c, const char *key);

/* The keys something is asked of, sorted: NULL at the end, malloc'ed with all its words. */
char **pending_keys(const struct config *c);
/* Likewise the keys that are there, without raw lxc lines. */
char **config_keys(const struct config *c);
void pending_keys_free(char ***keys);
#define auto_keys CLEANUP(pending_keys_free) char **

/* It is so now: from the section into the main one. */
int pending_take(struct config *c, const char *key);
