/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loop devices over images. Each goes with its last user: a mount, or who has it open.
 */
#pragma once

#include <stdbool.h>

#define LOOP_NAME 32

/*
 * The device of the image open at @image, open at *@fd: the one it has already, else a new one.
 * @name: "/dev/loop0". Nothing is said.
 */
int loop_open(int image, bool read_only, char name[LOOP_NAME], int *fd);

/* Likewise, only if it has one: -ENOENT. */
int loop_find(int image, char name[LOOP_NAME], int *fd);
