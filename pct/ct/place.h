/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts from the host laid into a container, when it starts and while it runs. Its root may be our
 * enemy: no link of its is followed, what is made in it is made as that root, and what is mounted
 * read-only its root cannot mount otherwise.
 */
#pragma once

#include <sys/stat.h>

#include "pct/conf/config.h"
#include "pct/conf/keys.h"
#include "pct/ct/idmap.h"
#include "pct/storage/volume.h"

/* A volume, a directory or file of the host's, or a node that is made for it. */
struct placing {
	char name[OPTION_NAME]; /* of the key: "mp0" */
	char *source;		/* on the host; of a volume its id, "local:100/..." */
	char *path;		/* in the container */
	/* Of a volume, directory or file. */
	bool volume;
	struct volume_how how;
	char *ids; /* "u:0:0:1;g:0:0:1", "passthrough"; NULL: as on the disk */
	/* Of a device: how it is in the container. */
	bool device;
	mode_t mode;
	uint32_t uid;
	char *group; /* a number, or a name there */
};

/* Of mp<n> and dev<n>: @value as in a conf. Says what it is that cannot be. */
int placing_read(const char *name, const char *value, struct placing *out);
void placing_free(struct placing *p);
#define auto_placing CLEANUP(placing_free) struct placing

/* Open what is to be mounted and is no volume, no link of a name to it followed; of a device its
 * node. Says why not.
 */
int placing_open(const struct placing *p, int *out);

/* All of a conf: in the order of their keys; malloc'ed, each to be freed. */
int placings_read(const struct config *c, struct placing **out, size_t *n);
void placings_free(struct placing *all, size_t n);

/* Lay them into the container whose process 1 @init is. Says errors; then those before it stay. */
int place(unsigned vmid, pid_t init, const struct idmap *ids, const struct placing *all, size_t n);

/* Take it off. @lazy: now for those who look, and when nobody uses it any more for the others. */
int displace(unsigned vmid, pid_t init, const struct placing *p, bool lazy);
