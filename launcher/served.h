/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What pctfs's worker says of its views, as the mounter believes it: the worker reads what
 * containers write, so it is what could be taken over, and the mounter is root on the host. The
 * keeper has said where the mount is. Nothing above it or beside it is ever opened.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

#define SERVED_MAX 64 /* views */

/* "proc/meminfo": from where it is taken downwards, by names alone. */
bool served_is_name(const char *path);

/* A list of such names, and of no more than SERVED_MAX. */
bool served_are_names(json_object *views);

/* What @root, an absolute path, is below @mount: "." for itself; NULL: it is not there. */
const char *served_below(const char *mount, const char *root);

/* Below @at, over no link and into no other mount. Negative errno. */
int served_open(int at, const char *path, int flags) MUST_CHECK;

/* @root, which has to be in the mount of pctfs's at @mount. Errors are said. */
int served_root(const char *mount, const char *root) MUST_CHECK;

/* A mount of the view @path there, private, seen nowhere yet. Errors are said. */
int served_clone(int root, const char *path) MUST_CHECK;
