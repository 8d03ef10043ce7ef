/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Targets of libFuzzer: any bytes must come to an answer, and to one that holds.
 */
#pragma once

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, also in a build without assert(). */
#define HOLDS(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			__builtin_trap();                                                          \
	} while (0)
