/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file becomes an image. All of these say what is wrong.
 */
#pragma once

#include "pct/image/store.h"

/*
 * What is at @fd, a tar of a root file system or an OCI archive, as @i, which has a name, a source
 * and what else is known of it. @part: the file lies in the store already and may become its blob;
 * NULL: it is somebody's, and is copied. @arch: which of several architectures.
 */
int import_file(int fd, struct part *part, const char *arch, struct image *i, struct progress *p);

/* This host's architecture, as a conf has it. */
const char *import_arch(void);
