// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/cli/size.h"
#include "pct/disk/resize.h"
#include "pct/step.h"
#include "pct/storage/fs.h"
#include "pct/storage/loop.h"

/* What it is mounted by, if it is, has the size the image had when it was made. */
static int grow_loop(const char *image, const char *what)
{
	auto_fd fd = open(image, O_RDONLY | O_CLOEXEC);
	auto_fd loop = -EBADF;
	char name[LOOP_NAME];
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(-errno, "%s: open '%s'", what, image);
	if (!S_ISREG(st.st_mode))
		return 0;
	r = loop_find(fd, name, &loop);
	if (r == -ENOENT)
		return 0;
	if (r == 0 &&
	    (step("resize: grow the loop device") < 0 || ioctl(loop, LOOP_SET_CAPACITY, 0) < 0))
		r = -errno;
	return r < 0 ? fail(r, "%s: grow its loop device", what) : 0;
}

/* Mounted once more, where nobody sees it: that is the same file system for all of them. */
static int grow_mounted(const struct disk *d, const char *what)
{
	struct volume_how how = VOLUME_PLAIN;
	auto_fd tree = -EBADF, root = -EBADF;
	int r = volume_mount(&d->volume, NULL, &how, &tree);

	if (r < 0)
		return r;
	r = disk_open_root(tree, &root);
	if (r == 0)
		r = fs_grow(root);
	if (r == 0 || r == -EOPNOTSUPP || r == -EPERM || r == -EUCLEAN || r == -EROFS)
		return r;
	return fail(r, "%s: grow its file system", what);
}

/*
 * What does not grow while it is mounted (it has errors, or we lack the capability to) is checked
 * and grown by its programs, if nobody else has it mounted.
 */
static int grow_image(const struct disk *d, bool interrupted, const char *what)
{
	auto_free char *path = NULL;
	int r = volume_where(&d->volume, NULL, &path), used;

	if (r < 0)
		return r;
	used = disk_is_used(path);
	if (used < 0)
		return used;
	r = grow_loop(path, what);
	if (r < 0)
		return r;
	r = grow_mounted(d, what);
	if (r == 0 || (r != -EOPNOTSUPP && r != -EPERM && r != -EUCLEAN && r != -EROFS))
		return r;
	if (!used)
		return fs_grow_unmounted(path, interrupted, what);
	return refuse(r,
		      "%s is as large as asked for, but its file system does not grow while it is "
		      "mounted: stop the container, and say it again",
		      what);
}

static int check_smaller(const struct volume_info *is, uint64_t bytes, const char *what)
{
	char now[SIZE_TEXT];

	size_short(is->format == VOLUME_DIRECTORY ? is->used : is->bytes, now);
	if (is->format == VOLUME_IMAGE && bytes < is->bytes)
		return refuse(-EINVAL,
			      "%s has %s, and an image cannot shrink: make a new, smaller volume "
			      "and copy what is in it",
			      what, now);
	if (is->format == VOLUME_DIRECTORY && bytes < is->used)
		return refuse(-EINVAL, "%s has %s in it: it cannot have less", what, now);
	return 0;
}

/* Of an image with holes: what grows in it half-way needs more than to be said again. */
static int check_room(const struct volume *v, uint64_t more, const char *what)
{
	auto_free char *path = NULL;
	char needs[SIZE_TEXT], has[SIZE_TEXT];
	struct storage_usage usage;
	uint64_t takes;
	int r = volume_where(v, NULL, &path);

	if (r < 0)
		return r;
	takes = fs_growth_takes(path, more);
	if (v->storage->driver->usage(v->storage, &usage) < 0 || usage.available >= takes)
		return 0;
	size_short(takes, needs);
	size_short(usage.available, has);
	return refuse(-ENOSPC,
		      "%s: storage '%s' has only %s free, and its file system may need %s to grow: "
		      "make room there first",
		      what, v->storage->id, has, needs);
}

/* The conf has the size last. */
static bool was_interrupted(const struct disk *d, const struct volume_info *is)
{
	uint64_t before;

	return disk_size(d, &before) == 0 && is->bytes > before;
}

int disk_resize(unsigned vmid, const struct disk *d, uint64_t bytes)
{
	const struct volume *v = &d->volume;
	auto_free char *what = disk_name(vmid, d);
	struct volume_info is;
	int r = volume_info(v, &is);

	if (r < 0)
		return fail(r, "%s: find volume '%s:%s'", what, v->storage->id, v->name);
	if (is.base)
		return refuse(-EPERM, "%s is the base of clones, and stays as it is", what);
	r = check_smaller(&is, bytes, what);
	if (r == 0 && is.format == VOLUME_IMAGE)
		r = check_room(v, bytes - is.bytes, what);
	if (r == 0 && bytes != is.bytes)
		r = v->storage->driver->resize(v->storage, v->name, bytes);
	if (r < 0 || is.format == VOLUME_DIRECTORY)
		return r;
	return grow_image(d, was_interrupted(d, &is), what);
}
