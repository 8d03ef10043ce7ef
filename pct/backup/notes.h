/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The note beside an archive, from a template: "{{guestname}} of {{node}}\nbefore the upgrade".
 * Pure.
 */
#pragma once

#include "pct/cli/option.h"

#define NOTES_MAX 65536

struct notes {
	const char *guestname, *node, *cluster;
	unsigned vmid;
};

/* malloc'ed, ended by a newline. -EINVAL: @why says what is wrong with it; -ENOMEM */
int notes_make(const char *from, const struct notes *n, char **out, char why[OPTION_WHY]);
