/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where OCI runtimes keep the state of their containers.
 */
#pragma once

#include <stddef.h>

#include "base/base.h"

/*
 * The folder as an absolute path: what @root, the value of --root, says to a process that is where
 * we are; if that is "", what program @runtime takes by itself. -ENOENT: of that one it is not
 * known.
 */
int kept_root(const char *runtime, const char *root, char *path, size_t size) MUST_CHECK;

/* The names of programs of which it is known, one after another; NULL: no more. */
const char *kept_known(size_t i);
