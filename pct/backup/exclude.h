/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is not to be in a backup. Pure.
 */
#pragma once

#include <stdbool.h>

#include "base/base.h"

/* Patterns of fnmatch(3), whose wildcards match a '/', too; NULL at the end. */
struct excludes {
	const char *const *patterns;
	bool standard; /* and what nobody wants: below /tmp and /var/tmp, /var/run/<name>.pid */
};

/*
 * Is @path, absolute in the container, one of them? One that begins with '/' is that path; others
 * are the end of one, from some '/' on. What is in a directory that is one is not asked for.
 */
bool excluded(const struct excludes *x, const char *path);
