/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where in a file its readers are. FUSE does not say: who reads from the page cache is seen only
 * when the kernel asks for the file's size.
 */
#pragma once

#include "cgview/cgview.h"

/* @pid reads @ino, which is @len long, at this moment: from its start? In doubt it does not. */
bool reader_at_start(const struct cgv_host *h, pid_t pid, uint64_t ino, uint64_t len);

/* Is no reader of @pid's between the start of @ino and @len? In doubt one is. */
bool reader_at_rest(const struct cgv_host *h, pid_t pid, uint64_t ino, uint64_t len);
