/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pct/storage/volume.h"

/* A file system in a new image, as @spec has it: its root directory's owner included. */
int mkfs_volume(const struct volume *v, const struct volume_spec *spec);
