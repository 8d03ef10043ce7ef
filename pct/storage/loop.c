// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/base.h"
#include "pct/step.h"
#include "pct/storage/loop.h"

#define TRIES 64 /* others take free devices, too */

static void close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Of one that is in use: opening others would make udev look at them. */
static bool is_used(int block, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/loop/backing_file", name);
	return strncmp(name, "loop", 4) == 0 && faccessat(block, path, F_OK, 0) == 0;
}

/* The whole image, and nothing else. */
static bool is_of(int fd, const struct stat *image)
{
	struct loop_info64 i;

	return ioctl(fd, LOOP_GET_STATUS64, &i) == 0 && i.lo_device == image->st_dev &&
	       i.lo_inode == image->st_ino && i.lo_offset == 0 && i.lo_sizelimit == 0;
}

int loop_find(int image, char name[LOOP_NAME], int *out)
{
	CLEANUP(close_directory) DIR *block = opendir("/sys/block");
	struct dirent *e;
	struct stat st;

	if (!block || fstat(image, &st) < 0)
		return -errno;
	while ((e = readdir(block))) {
		auto_fd fd = -EBADF;

		if (!is_used(dirfd(block), e->d_name))
			continue;
		snprintf(name, LOOP_NAME, "/dev/%.20s", e->d_name);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && is_of(fd, &st)) {
			*out = take_fd(&fd);
			return 0;
		}
	}
	return -ENOENT;
}

/* Where the file below cannot be read past the page cache, the kernel takes that. */
static int configure(int fd, int image, bool read_only)
{
	struct loop_config c = { .fd = (unsigned)image };

	c.info.lo_flags =
	    LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO | (read_only ? LO_FLAGS_READ_ONLY : 0);
	if (step("volume: a loop device for the image") < 0)
		return -errno;
	if (ioctl(fd, LOOP_CONFIGURE, &c) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	c.info.lo_flags &= ~(unsigned)LO_FLAGS_DIRECT_IO;
	return ioctl(fd, LOOP_CONFIGURE, &c) < 0 ? -errno : 0;
}

static int make(int image, bool read_only, char name[LOOP_NAME], int *out)
{
	auto_fd control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (control < 0)
		return -errno;
	for (int i = 0; i < TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE), r;
		auto_fd fd = -EBADF;

		if (number < 0)
			return -errno;
		snprintf(name, LOOP_NAME, "/dev/loop%d", number);
		fd = open(name, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		r = configure(fd, image, read_only);
		if (r == 0)
			*out = take_fd(&fd);
		if (r != -EBUSY)
			return r;
	}
	return -EBUSY;
}

/* Two devices of one image would write it to pieces: who looks and makes one has it locked. */
int loop_open(int image, bool read_only, char name[LOOP_NAME], int *fd)
{
	int r;

	if (flock(image, LOCK_EX) < 0)
		return -errno;
	r = loop_find(image, name, fd);
	if (r == -ENOENT)
		r = make(image, read_only, name, fd);
	(void)flock(image, LOCK_UN);
	return r;
}
