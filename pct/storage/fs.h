/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is done with the file system in an image or on a block device: ext4, xfs and btrfs know how
 * to grow while they are mounted, and are asked directly; what they do not is their programs'.
 * @what, "CT 100: rootfs", begins a message.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* "ext4" (ext2 and ext3, too), "xfs", "btrfs"; NULL: not known. Of a file or block device. */
const char *fs_type(const char *image);

/*
 * To the size of the device it is on. @fd: anything in it, not O_PATH. Not said: -EOPNOTSUPP: it
 * cannot while it is mounted; -EROFS, -EPERM: the file system has errors; as the kernel has it.
 */
int fs_grow(int fd);

/* What is written to it at most when it becomes so much larger. */
uint64_t fs_growth_takes(const char *image, uint64_t more);

/*
 * Likewise one that is mounted nowhere, checked before. @interrupted: an earlier one was, so that
 * errors are its own, and mended without asking. Says what is wrong.
 */
int fs_grow_unmounted(const char *device, bool interrupted, const char *what);

/*
 * Check one that is mounted nowhere, and repair what can be without asking; @force: also if it
 * says of itself that it is clean. What the program prints goes to our stdout. Says what is wrong:
 * -EUCLEAN: errors are left.
 */
int fs_check(const char *device, bool force, const char *what);

/* Tell the device what is free. @bytes: how much that was. Not said: -EOPNOTSUPP: it has no use
 * for it. */
int fs_trim(int fd, uint64_t *bytes);
