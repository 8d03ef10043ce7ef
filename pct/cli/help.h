/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said of commands, options and keys, from their tables: on a terminal by `pct help`, as
 * manual pages by `pct manual`.
 */
#pragma once

#include <stdio.h>

#include "pct/conf/keys.h"
#include "pct/pct.h"

/* What is to be said of all commands. */
struct note {
	const char *title;
	const char *text; /* paragraphs, each ended by \n */
};
extern const struct note notes[];
extern const size_t n_notes;

/* All commands; one with its options; one of those with its properties. */
void help_all(FILE *to);
void help_command(const struct command *c, FILE *to);
void help_option(const struct option *o, FILE *to);

/* An option by the name it is given by, or by its stem: "net0", "net", "--net". NULL: none. */
const struct option *help_find(const struct command *c, const char *name);

/*
 * The one sentence about an option: its help, and what its row has beside: words, range, default.
 * malloc'ed, NULL when memory is out.
 */
char *help_sentence(const struct option *o);

/* "--net[n] <shape>"; of a property "name=<shape>", of a key "net[n]: <shape>", of a line of
 * storage.cfg "path <shape>". malloc'ed. */
enum as { AS_OPTION, AS_PROPERTY, AS_KEY, AS_PAIR };
char *help_left(const struct option *o, enum as as);

/* The key an option of create and set stands for; NULL: it is a command's own. */
const struct key *help_key(const struct option *o);

/* When a change of a key reaches a container that runs. */
const char *help_hotplug(const struct key *k);

/* May a storage of any type have it? cmd/storage.c */
bool storage_is_common(const char *name);

/* roff, for man(1): "pct", "pct.conf", "storage.cfg". -ENOENT: there is no such page. */
int manual_write(const char *page, FILE *to);
