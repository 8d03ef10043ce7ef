/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree that answers by who reads: what can be laid over a container's files where pctfs cannot
 * be asked, by a user of the host or in a container that has containers.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>

#include "base/base.h"

/* Directories that are one view, with all that is in them; NULL ends them. */
extern const char *const tree_whole[];

/* Is it there, and does somebody serve it? */
bool tree_is(const char *root);

/* The one a container has for its own containers: without ct/. */
bool tree_is_inner(const char *root);

/* Its views, as pctfs would name them: paths below @root. */
int tree_views(const char *root, json_object **out) MUST_CHECK;
