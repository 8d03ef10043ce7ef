/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the directories of /sys that are served have in common: the host's files, some by a rule.
 */
#pragma once

#include "procfs/files.h"

struct sysfs_rule {
	const char *path; /* whole, or the last part of it in any directory */
	int (*render)(const struct view *v, struct out *o);
};

/* By the first rule that fits; without one the text is the host's. */
int sysfs_render(const struct sysfs_rule *rules, size_t n, const struct view *v, struct out *o);

int sysfs_text(const struct view *v, struct span *text) MUST_CHECK;
int sysfs_as_host(const struct view *v, struct out *o);
int sysfs_blank(const struct view *v, struct out *o);

/* The host's set of CPUs, cut to the visible. */
int sysfs_cut_list(const struct view *v, struct out *o);
int sysfs_cut_mask(const struct view *v, struct out *o);
int sysfs_zero(const struct view *v, struct out *o);

/* Of the size that is named in the path. */
int hugepages_total(const struct view *v, struct out *o);
int hugepages_free(const struct view *v, struct out *o);
