/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hooks of OCI runtimes as JSON: what a container's config.json and a CDI specification have.
 */
#pragma once

#include "launcher/bundle.h"

/* @words: argv, of which empty ones are left out. */
json_object *hook_new(const char *path, const char *const *words, size_t n);

/* Append to the hooks of a stage; @hook is put on failure. -EBADMSG: the hooks are none. */
int hooks_add(json_object *config, const char *stage, json_object *hook) MUST_CHECK;

/* The first word of those that pct-runc adds, whatever they call. */
#define HOOK_OWN "pct-runc"

/* Take away those that pct-runc added at an earlier start. */
void hooks_drop(json_object *config);

/* The hook of a stage that calls pct-launch. NULL: there is none. */
json_object *hooks_find(json_object *config, const char *stage);

/* One more word, where it is not there. */
int hook_word(json_object *hook, const char *word) MUST_CHECK;

/* The program @name that was installed beside the one that runs. */
int program_beside(const char *name, char *path, size_t size) MUST_CHECK;
