/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which version a program is of: what `--version` prints. The Makefile says it.
 */
#pragma once

#include <stdio.h>

#ifndef PCT_VERSION
#define PCT_VERSION "unknown"
#endif

/* The exit status. */
static inline int version_print(const char *program)
{
	return printf("%s " PCT_VERSION "\n", program) < 0 || fflush(stdout) != 0;
}
