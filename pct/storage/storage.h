/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storages: where volumes lie. etc/pct/storage.cfg has one section for each, as Proxmox has them:
 *
 *   dir: big
 *           path /srv/big
 *           content rootdir,images
 *
 * `local` is there without a file: var/lib/pct, of type dir, or btrfs where that is on a btrfs.
 *
 *   storage.c   the table of drivers, and the storages there are
 *   parse.c     the file's text as a structure, and back: pure
 *   file.c      the file on the disk, its lock
 *   driver.h    what a driver is; dir.c, btrfs.c, ...: one file each
 *   volume.h    volumes: their ids, made, mounted, freed
 *   names.h     their names: pure
 *   base.h      images unpacked once, of which each container's root is a snapshot
 *
 * Sizes are bytes. Functions give 0 or a negative errno, and have said why unless told otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct driver;

/* A line of the file below its header; key NULL: a comment, a blank line, or of no known form. */
struct storage_line {
	char *key;
	char *value; /* "" of a key alone */
};

struct storage {
	char *id;		     /* "local"; NULL: only lines, those before the first header */
	char *type;		     /* "dir" */
	const struct driver *driver; /* NULL: of a type that pct has no driver for */
	struct storage_line *lines;
	size_t n;
	bool implicit; /* not in the file: `local` */
};

struct storages {
	struct storage *all;
	size_t n;
};

/* ---- what there is ---- */

/*
 * A storage that can be used: it is there, enabled, and of a type pct has a driver for. It stays
 * until the program ends, or storages_forget(). -ENOENT, -EOPNOTSUPP...: said.
 */
int storage_get(const char *id, const struct storage **out);

/* All of them, whatever their state, `local` included; -errno, said: the file cannot be read. */
int storages_get(const struct storages **out);

/* The file is read again by who asks next. */
void storages_forget(void);

/* A value; NULL: not there. "path" is there of each storage that has files. */
const char *storage_option(const struct storage *s, const char *key);

/* "1", "yes", a key alone. */
bool storage_flag(const struct storage *s, const char *key);

/* Is it to have those: "rootdir"? Without a line it is. */
bool storage_has_content(const struct storage *s, const char *what);

/* What it can do, and what one of its volumes can: enum driver_features. @name may be NULL. */
unsigned storage_features(const struct storage *s, const char *name);

extern const struct driver *const drivers[];
extern const size_t n_drivers;
const struct driver *driver_find(const char *type);

/* ---- the file ---- */

#define STORAGE_ID_MAX 100

/* NULL: @text may be an id; else what an id is. */
const char *storage_id_wrong(const char *text);

/*
 * Pure. Nothing in a file is an error: what has no known form is kept as it is, but for lines with
 * control characters, which are left out. -ENOMEM.
 */
int storages_parse(const char *text, size_t n, struct storages *out);
int storages_write(const struct storages *all, char **text, size_t *n);
void storages_free(struct storages *all);
#define auto_storages CLEANUP(storages_free) struct storages

/* NULL: none of that id. */
struct storage *storages_find(const struct storages *all, const char *id);
/* -EEXIST. @type need not be known. Storages handed out move. */
int storages_add(struct storages *all, const char *id, const char *type, struct storage **out);
void storages_remove(struct storages *all, const char *id);
/* -EINVAL: could not be read back as it is. */
int storage_set(struct storage *s, const char *key, const char *value);

/* The file as it is, without `local` if it is not in there; no file is an empty one. */
int storages_load(struct storages *out);
/* All of it or nothing. Who changes it holds storages_lock() from before the load. */
int storages_save(const struct storages *all);
int storages_lock(int *lock);
