/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What storages have in common whose volumes are files and directories below their path:
 * images/<vmid>/, which nobody but root may enter: what lies in there has ids, and setuid programs,
 * of containers. Functions that are a driver's have the names of its columns.
 */
#pragma once

#include "pct/storage/names.h"

/* Those each of them takes; for struct driver's options. */
extern const struct option files_options[];

const char *files_root(const struct storage *s); /* its path */
char *files_path(const struct storage *s, const char *name);

/* Its path is there, and mounted where it has to be. */
int files_check(const struct storage *s);

/* images/base, made if need be: of base.h. */
int files_bases(const struct storage *s, char **path);

/* For base.h: what one is called, and while it is made; -ENOENT, not said. */
char *files_base(const char *digest, bool half);
int files_base_find(const struct storage *s, const char *digest, char **name);
/* It is whole now. */
int files_base_end(const struct storage *s, const char *digest, char **name);

/* images/<vmid>, made if need be; and a name with the lowest number nobody there has. */
int files_name(const struct storage *s, unsigned vmid, enum volume_format format, bool base,
	       char **name);

/* An image of zeros without blocks, at a path that is free. */
int files_make_image(const struct storage *s, const char *name, const char *path, uint64_t bytes);
/* A directory likewise, after mkdir() or its like. */
int files_own(const struct storage *s, const char *name, const char *path,
	      const struct volume_spec *spec);

/* Whatever lies there; a link is removed, not followed. Then images/<vmid>, if it is empty. */
int files_free(const struct storage *s, const char *name);
/* Is the directory that @path is in one, and no link to elsewhere? */
bool files_is_real(const char *path);
int files_drop_directory(const struct storage *s, const char *name);

int files_rename(const struct storage *s, const char *name, unsigned vmid, bool base, char **out);
int files_info(const struct storage *s, const char *name, struct volume_info *out);
int files_list(const struct storage *s, unsigned vmid,
	       int (*each)(const struct volume_info *v, void *data), void *data);
int files_usage(const struct storage *s, struct storage_usage *out);
