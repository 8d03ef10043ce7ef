/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images from servers. All of these say what is wrong.
 */
#pragma once

#include "pct/image/streams.h"

/* What was asked for. */
struct wanted {
	const char *what;   /* "debian/12" of a simplestreams server, or the address of a tar */
	const char *name;   /* what it is to be called here; NULL: by what it is there */
	const char *server; /* NULL: as etc/pct/pct.conf says */
	const char *arch;   /* NULL: ours */
	const char *sha256; /* of a plain address; NULL: not known */
};

/* Positive: it is here already, and the newest. The name it has then is @name, malloc'ed. */
int download(const struct wanted *w, struct progress *p, char **name);

/* What a server has for an architecture; NULL: ours, "all": any. */
int download_list(const char *server, const char *arch, struct product **out, size_t *n);
