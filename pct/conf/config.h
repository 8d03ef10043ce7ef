/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of <vmid>.conf as a structure, and back. Pure: no files, no messages, no key table.
 *
 * Reading is lenient, so that nothing a user wrote is lost: unknown keys, sections, raw lxc.*
 * lines, and even lines of no known form are kept. Only lines with control characters are not.
 * Writing is canonical: description, keys sorted, raw lxc.* lines in their order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * In a file a variable of `env` is a raw line, as Proxmox has it; in the structure there is one
 * entry "env" with a line for each.
 */
#define CONFIG_VARIABLE "lxc.environment.runtime"

/* A line: "key: value"; without a key it is a line of no known form, kept as it was. */
struct entry {
	char *key;
	char *value;
};

struct section {
	char *name; /* "pve:pending", or a snapshot's; NULL for the main one, always the first */
	char *description; /* its # lines, decoded, each ended by \n; NULL: none */
	struct entry *entries;
	size_t n;
};

struct config {
	struct section *sections;
	size_t n; /* at least 1 once parsed or initialised */
};

/* What a reader may want to be told about. */
struct config_odd {
	size_t line;	/* the first line of no known form, from 1; 0: there is none */
	size_t dropped; /* the first line with control characters, which is not kept */
};

/* An empty main section. All of these: 0, -ENOMEM, or what is said. */
int config_init(struct config *out);

int config_parse(const char *text, size_t n, struct config *out, struct config_odd *odd);

/* The canonical text, malloc'ed. */
int config_write(const struct config *c, char **text, size_t *n);

void config_free(struct config *c);

/* NULL: there is none. @name NULL: the main one. Others are known by it, whatever its case. */
struct section *config_section(const struct config *c, const char *name);

/* Makes it if it is not there. NULL: memory is out. Sections that were handed out move. */
struct section *config_section_make(struct config *c, const char *name);

void config_section_remove(struct config *c, const char *name);

/* The line of a key; NULL: not there. */
const struct entry *section_find(const struct section *s, const char *key);

/* A section's value; NULL: not there. "description" is found too. */
const char *section_get(const struct section *s, const char *key);

/*
 * -EINVAL: @key has no key's form, or @value could not be read back as it is: control characters,
 * blanks at its ends, nothing at all.
 */
int section_set(struct section *s, const char *key, const char *value);

/* One line more, as it is: it was read from another section. @key NULL: of no known form. */
int section_add(struct section *s, const char *key, const char *value);

void section_unset(struct section *s, const char *key);

/* Those of the main section. */
const char *config_get(const struct config *c, const char *key);
int config_set(struct config *c, const char *key, const char *value);
void config_unset(struct config *c, const char *key);

/* One line more of an lxc key, of which there may be several; it may have no value. */
int config_set_raw(struct config *c, const char *key, const char *value);

/* A copy of all of it. */
int config_copy(const struct config *c, struct config *out);

/* Is it a raw line for liblxc? There may be several of one key. */
bool entry_is_lxc(const struct entry *e);

/* A section's keyed entries, lxc ones last, as `pct config` shows them: for qsort. */
int entry_compare(const void *a, const void *b);

/* Percent-encode as in a # line, up to @end: malloc'ed, NULL when memory is out. */
char *config_encode(const char *text, size_t n);
