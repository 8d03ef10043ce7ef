/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JSON of OCI images and of `docker save`. Whoever wrote it is not trusted. Nothing is said;
 * @why says what is wrong. Pure.
 */
#pragma once

#include "pct/image/image.h"

/* A program for an architecture, as a conf has it and as OCI does: "armhf" is "arm". */
const char *oci_arch(const char *ours);
const char *oci_arch_ours(const char *theirs);

/*
 * Which of an index' manifests is for @arch (as a conf has it). -ENOENT: none, @why names those
 * there are. Positive: it is an index again.
 */
int oci_index(json_object *index, const char *arch, struct blob *out, char why[160]);

/* What a manifest names: its config, and its layers, malloc'ed. */
int oci_manifest(json_object *manifest, struct blob *config, struct blob **layers, size_t *n,
		 char why[160]);

/* How it is run, and for which architecture. */
int oci_config(json_object *config, struct image *out, char why[160]);

/* One command of its words, as a conf and LXC have it: NULL if they cannot be said so. malloc'ed.
 */
char *oci_command(json_object *first, json_object *second);

/* One of those that a manifest of `docker save` names: the text is the file's. malloc'ed. */
struct docker {
	char *config;
	char *layers[LAYERS_MAX];
	size_t n;
};
int docker_manifest(json_object *list, struct docker *out);
void docker_free(struct docker *d);
