/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * etc/pct/pct.conf: what holds for this host and no one container, "key: value" a line. A value
 * that its row does not take is said once and not used.
 */
#pragma once

#include <stdint.h>

#include "pct/cli/option.h"

extern const struct option site_options[];
extern const size_t n_site_options;

/* What the file says, malloc'ed; NULL: nothing. */
char *site_text(const char *name);

/* Likewise a number, or a size as 8G; @fallback: nothing is said. */
uint64_t site_number(const char *name, uint64_t fallback);
