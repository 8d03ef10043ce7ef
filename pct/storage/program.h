/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storages that are a program's: lvm2's, zfs. Never a shell; says what is wrong, with what the
 * program says of it.
 */
#pragma once

#include "pct/storage/storage.h"

int program_check(const struct storage *s, const char *program, const char *package);

/* @what: "make a volume". What it only warns of is no answer, and not said. */
int program_run(const struct storage *s, const char *const argv[], const char *what);

/* Likewise, with what it prints, malloc'ed. @quiet: that it fails is -ENOENT, not said. */
int program_ask(const struct storage *s, const char *const argv[], const char *what, bool quiet,
		char **answer);

/* The number of bytes as these programs take it: malloc'ed. */
char *program_bytes(uint64_t bytes, const char *unit);
