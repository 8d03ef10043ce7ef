/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What a program's first bytes tell. */
struct elf {
	const char *arch; /* as the conf's key has it: "amd64"; NULL: none of those */
	bool is_static;	  /* runs without a loader */
};

/* -ENOEXEC: not an ELF program of this byte order. */
int elf_read(int fd, struct elf *out);
