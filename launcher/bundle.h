/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an OCI runtime hands over: the state of a container, and the config.json of its bundle.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/base.h"

#define DOCUMENT_MAX (8u << 20)

static inline void put_json(json_object **o)
{
	json_object_put(*o);
}
#define auto_json CLEANUP(put_json) json_object *

/* One JSON object and nothing behind it. -EBADMSG: it is something else. */
int document_parse(const char *text, size_t n, json_object **out) MUST_CHECK;

/* All of an open file, up to its end. -E2BIG: more than DOCUMENT_MAX. */
int document_read(int fd, json_object **out) MUST_CHECK;

/* "linux.resources.cpu" is three steps. NULL: there is no such member. */
json_object *document_find(json_object *o, const char *path);

/* The text of a member. NULL: it has none, an empty one, or one with a NUL in it. */
const char *document_text(json_object *o, const char *path);

/* As hooks get it on stdin. The texts are the document's. */
struct oci_state {
	const char *id, *bundle;
	pid_t pid; /* 0: it has ended */
};

/* NULL, or what is wrong with it, to be said behind "the state on stdin". */
const char *state_of(json_object *document, struct oci_state *out) MUST_CHECK;

/* The config.json in a directory. Errors are said. */
int config_read(int bundle, json_object **out) MUST_CHECK;

/*
 * Is a boot clock of its own right for it? Not where its processes are in a pid namespace with
 * older ones, and not where its runtime makes the time namespace.
 */
bool config_wants_clock(json_object *config);

/*
 * Where the root of a container is while its runtime has not yet gone there. Errors are said:
 * a way out of the bundle or through a link of somebody's is none.
 */
int config_root(json_object *config, const char *bundle, char *path, size_t size) MUST_CHECK;
