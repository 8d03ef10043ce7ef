/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/*
 * The words of a conf's entrypoint, in @text itself, which is changed: between blanks, or between
 * two of the same quote around a whole word. NULL at the end, malloc'ed; NULL: memory is out.
 */
char **command_words(char *text);
