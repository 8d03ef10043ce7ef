/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container's boot clock: a time namespace the wrapper makes, as runtimes before runc 1.2 and
 * hooks cannot. A runtime knows its containers by their start time, which is another one in another
 * time namespace. So it is in the container's for every command, and who that is, is on record.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"

/* This process goes where the boot clock starts now. Errors are said. */
int timens_make(void) MUST_CHECK;

/*
 * The record of container @id of the runtime's @root, beside pctfs's @socket. -EINVAL: an id that
 * can be no file name.
 */
int timens_file(const char *socket, const char *root, const char *id, char *path,
		size_t size) MUST_CHECK;

/* Write down where @pid is. Errors are said. */
int timens_record(const char *path, pid_t pid) MUST_CHECK;

/* This process goes to where a container is. 0 also where there is no record, or it is of one that
 * has ended. Errors are said. */
int timens_join(const char *path) MUST_CHECK;

/* Those on record beside pctfs's @socket that have not ended, by what their runtimes call them. */
void timens_each(const char *socket, void (*found)(const char *id, pid_t pid, void *arg),
		 void *arg);
