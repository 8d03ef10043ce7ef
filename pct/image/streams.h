/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JSON of a simplestreams server: an index that names lists of products, which have versions,
 * which have files. The server is not trusted beyond what it is asked for. Nothing is said. Pure.
 */
#pragma once

#include "pct/image/image.h"

/* A file there. */
struct remote {
	char *path; /* below the server's address */
	struct blob blob;
};

/* The newest version of a product, as far as we can use it. */
struct product {
	char *name;    /* "debian:bookworm:amd64:default" */
	char *aliases; /* "debian/12,debian/bookworm" */
	char *os, *release, *variant, *arch;
	char *version;
	struct remote root;	    /* a tar of its root file system */
	struct remote meta;	    /* path NULL: none */
	char combined[SHA256_TEXT]; /* of meta and root, one after the other; "": not said */
};

/* The path of its list of images. NULL: it names none. malloc'ed */
char *streams_images(json_object *index);

/* Those that have a tar with a SHA-256; @arch NULL: of any. malloc'ed. */
int streams_products(json_object *images, const char *arch, struct product **out, size_t *n);
void products_free(struct product *all, size_t n);

/* By its name or an alias, or by what an image of that is called here: "debian-12". */
bool product_is(const struct product *p, const char *word);

/* What people call it: its shortest alias. malloc'ed */
char *product_alias(const struct product *p);
