/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words of a command line as a shell has them, with nothing replaced: blanks part them but
 * inside '...' and "...", and a backslash takes what follows as it is. Pure.
 */
#pragma once

/* NULL-terminated, one malloc'ed block. -EINVAL: a quote is not closed, or there is no word. */
int words_split(const char *text, char ***out);
