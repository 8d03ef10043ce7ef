/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images made here, by mmdebstrap. Says what is wrong.
 */
#pragma once

#include "pct/image/image.h"

/* What a name asks for, "debian-12", "ubuntu-noble-minbase". */
struct recipe {
	const char *os;
	char suite[32];	     /* "bookworm" */
	const char *variant; /* mmdebstrap's */
	const char *include; /* packages beside it */
};

/* -EINVAL: it asks for none. Pure. */
int recipe_of(const char *name, struct recipe *out);

/* @mirror NULL: the one that mmdebstrap has; @arch NULL: ours. */
int build(const char *what, const char *name, const char *mirror, const char *arch,
	  struct progress *p);
