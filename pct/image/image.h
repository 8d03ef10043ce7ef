/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images: root file systems to make containers of, by a name. Below var/lib/pct/images-cache:
 *
 *   names/<name>.json   an image: where it came from, its layers, how it is run
 *   blobs/<sha256>      a tar, whose name is what its bytes give
 *   parts/              what is on its way: a download is gone on with, the rest goes
 *   lock                held while names and blobs change
 *
 * A blob comes before the name that it is of and goes after it. Who makes a container has the
 * blobs open, so they may go meanwhile. All of these say what is wrong.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/base.h"

#define SHA256_TEXT 65
#define LAYERS_MAX  512

struct config;
struct progress;
struct target;

struct blob {
	char sha256[SHA256_TEXT];
	uint64_t size;
};

/* How an OCI image is run. NULL: it does not say. */
struct image_run {
	char *entrypoint; /* as the conf's key has it */
	char *env;	  /* likewise: NAME=value, a line each */
	char *user;	  /* "user", "1000:1000" */
	char *cwd;
	char *halt;    /* SIGTERM, or a number */
	char *volumes; /* a line each */
};

struct image {
	char *name;
	char digest[SHA256_TEXT];	     /* of all of it */
	char *source;			     /* an address, a file, "mmdebstrap ..." */
	char *os, *release, *variant, *arch; /* NULL: not known */
	int64_t created;		     /* when it came here */
	int64_t used;			     /* when a container was made of it */
	bool expires;			     /* it can be had again */
	bool oci;
	struct blob *layers; /* the lowest first */
	size_t n_layers;
	struct image_run run;
};

void image_free(struct image *i);
#define auto_image CLEANUP(image_free) struct image

/* Letters, digits and "._+-"; NULL, or what it should be. For an option's .form. */
const char *image_name_form(const char *name);

/* A name made of what a server or a file calls it: "debian/12" is "debian-12". malloc'ed. */
char *image_name_of(const char *text);

/* -ENOENT: there is none; not said. */
int image_load(const char *name, struct image *out);
/* By name, malloc'ed each and together. Positive: so many could not be read, which was said. */
int image_list(struct image **out, size_t *n);
void images_free(struct image *all, size_t n);

/* Its layers, opened, malloc'ed, as many as it has; it counts as used. */
int image_open(const struct image *i, int **layers);

int image_remove(const char *name);

uint64_t image_size(const struct image *i);
json_object *image_json(const struct image *i);
/* Of a file's text. -EINVAL: it is no image's. Not said. Pure. */
int image_parse(const char *text, struct image *out);

/*
 * What it says how it runs, into a conf that has nothing of it yet. The root is where the names of
 * users are found.
 */
int image_configure(const struct image *i, const struct target *t, struct config *c);
