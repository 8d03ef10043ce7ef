/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container's boot clock: a time namespace the wrapper makes, as runtimes before runc 1.2 and
 * hooks cannot. A runtime knows its containers by their start time, which is another one in another
 * time namespace. So it is in the container's for every command. Which that is, is on record where
 * the runtime keeps the container's state: whoever finds the one finds the other, however he spells
 * it, and they go together.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/base.h"

/*
 * This process goes where the boot clock starts now, or stays where it is; *home is an fd of where
 * it was. Errors are said.
 */
int timens_make(int *home) MUST_CHECK;
int timens_back(int home) MUST_CHECK;

/*
 * Write down where @pid is, in the folder of container @id below the runtime's @root. Called in
 * that time namespace. Errors are said.
 */
int timens_record(const char *root, const char *id, pid_t pid) MUST_CHECK;

/* Is there a record? */
bool timens_has(const char *root, const char *id);

/*
 * This process goes to where the container is. 0 also where there is no record, or it is of one
 * that has ended. Errors are said: its runtime would take the container for one that has ended.
 */
int timens_join(const char *root, const char *id) MUST_CHECK;

/*
 * So that containers are found by what their runtimes call them: a link for each, in a folder
 * beside pctfs's @socket. Where there cannot be one, it is found by a pid only.
 */
void timens_folder(const char *socket, char *out, size_t size);
void timens_name(const char *folder, const char *root, const char *id);
void timens_unname(const char *folder, const char *root, const char *id);

/* Those that have not ended. */
void timens_each(const char *socket, void (*found)(const char *id, pid_t pid, void *arg),
		 void *arg);
