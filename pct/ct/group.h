/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cgroups of one container: files of <top>/<vmid>, wherever their controller is.
 */
#pragma once

#include "pct/ct/limits.h"

struct group {
	struct cgv_host host;
	struct host_layout layout;
	unsigned vmid;
	char *path; /* "<top>/<vmid>" */
};

/* Says what is wrong. Owned: CLEANUP(group_close) struct group g = { 0 }; */
int group_open(unsigned vmid, struct group *out);
void group_close(struct group *g);

/* Text of a file without its end of line. Neither of them says anything. */
int group_read(const struct group *g, enum cgv_controller c, const char *file, char *text,
	       size_t size);
int group_write(const struct group *g, enum cgv_controller c, const char *file, const char *text);

/* The number in a file; CGV_UNLIMITED for "max", or if there is none. */
uint64_t group_number(const struct group *g, enum cgv_controller c, const char *file);

/* The one that follows @word in a file of "word number" lines; 0 if there is none. */
uint64_t group_count(const struct group *g, enum cgv_controller c, const char *file,
		     const char *word);

/*
 * All of them or none, but those that raw lines of @c say. Says what is wrong, and has put back
 * then what was there.
 */
int group_limit(const struct group *g, const struct config *c, const struct limits *l);
