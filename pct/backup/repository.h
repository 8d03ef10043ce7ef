/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Repositories that keep what is the same in several backups once: of restic or borg, which are
 * the host's, as are their passwords (RESTIC_PASSWORD_FILE, BORG_PASSPHRASE ...). A backup is one
 * archive in there, of one file: the tar. All of these say what is wrong.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"
#include "pct/conf/keep.h"

/* NULL: @text names one: "restic:PATH", "borg:PATH". For an option's row. */
const char *form_repository(const char *text);

/* What is written to *fd becomes @name; its end must come only when all has. */
int repository_write(const char *repository, unsigned vmid, const char *name, int *fd, pid_t *pid);

/* The tar @name from there; it is whole only if *pid ends with 0. */
int repository_read(const char *repository, const char *name, int *fd, pid_t *pid);

/* The names of the backups there are of @vmid (0: of all), the newest first: malloc'ed. */
int repository_list(const char *repository, unsigned vmid, char ***names, size_t *n);
void repository_list_free(char **names, size_t n);

int repository_remove(const char *repository, const char *name);

/* Let the repository say itself whether it is whole. */
int repository_check(const char *repository);
