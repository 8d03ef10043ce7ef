/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that change a container while it runs: the column `apply` of keys[].
 */
#pragma once

#include "pct/ct/live.h"

int apply_cores(struct live *l, const char *name, const char *value);
int apply_cpulimit(struct live *l, const char *name, const char *value);
int apply_cpuunits(struct live *l, const char *name, const char *value);
int apply_hostname(struct live *l, const char *name, const char *value);
int apply_memory(struct live *l, const char *name, const char *value);
int apply_resolv(struct live *l, const char *name, const char *value);
