/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs of the host that do what we do not: nft, dnsmasq, resize2fs. Never a shell.
 */
#pragma once

#include <stddef.h>

#define TOOL_MISSING 127

/*
 * Run @argv with @input on its stdin, in the directory @dir (NULL: ours), and wait. Its exit
 * status, TOOL_MISSING if there is none, 128+N when signal N ended it, or a negative errno; nothing
 * is said. Unless NULL *output is what it printed, malloc'ed, maybe NULL.
 */
int tool_try(const char *const argv[], const char *input, const char *dir, char **output);

/* Likewise, with what it answers and what it complains of apart; both malloc'ed, or NULL. */
int tool_ask(const char *const argv[], char **answer, char **said);

/* It is to end well: says the first line it printed, or which package has it. */
int tool_run(const char *const argv[], const char *package, const char *input, const char *dir,
	     const char *what);

/* nft's rules, all of them or none. */
int nft_run(const char *rules, const char *dir, const char *what);
