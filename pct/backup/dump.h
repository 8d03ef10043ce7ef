/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories of archives: <storage's path>/dump, or what --dumpdir names. All of these say what
 * is wrong.
 *
 *   vzdump-lxc-100-2026_01_31-23_59_59.tar.zst          the archive
 *   ... .log                                            beside it, without the suffix
 *   ... .tar.zst.notes  .protected                      beside it, with the suffix
 *   ... .dat                                            one that is being written
 */
#pragma once

#include <stdint.h>

#include "pct/backup/name.h"
#include "pct/pct.h"

struct dump_file {
	char *name;
	struct backup_name is;
	uint64_t size;
	bool protected;
	char *notes; /* NULL: none */
};

/* Of --storage and --dumpdir; malloc'ed. @make: it is made if it is not there. */
int dump_directory(const struct args *a, bool make, char **dir);

/* The archives of @vmid, or of all (0): by VMID, then the newest first. No directory: none. */
int dump_list(const char *dir, unsigned vmid, struct dump_file **all, size_t *n);
void dump_free(struct dump_file *all, size_t n);

/* "local:backup/NAME", a name in @dir, or a path: the path of an archive that is there. */
int dump_find(const char *dir, const char *word, char **path);

/* It and all beside it. -EPERM: it is protected. */
int dump_remove(const char *path);
int dump_protect(const char *path, bool on);

/* What was written of @vmid by a process that was killed. */
int dump_clean(const char *dir, unsigned vmid);

/* One line or several, beside an archive; on the disk when it returns. */
int dump_note(const char *path, const char *text);
