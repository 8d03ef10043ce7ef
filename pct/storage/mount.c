// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Volumes as detached mounts: nobody sees them, and they end with who holds them.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/loop.h"
#include "pct/storage/names.h"
#include "pct/storage/volume.h"

/* What is known by its first bytes. */
static const struct kind {
	const char *name;
	off_t at;
	const char *magic;
	const char *read_only; /* what it needs not to write at all: comma separated */
	const char *always;    /* likewise; a clone has the UUID of the other */
} kinds[] = {
	{ "ext4", 1024 + 56, "\x53\xef", "noload", "" },
	{ "xfs", 0, "XFSB", "norecovery", "nouuid" },
	{ "btrfs", 65536 + 64, "_BHRfS_M", "", "" },
};

struct source {
	const struct volume *volume;
	const struct volume_how *how;
	bool fixed; /* a snapshot, or a template's: nothing may be written */
	char *id;   /* for messages */
};

static const struct kind *kind_of(int fd)
{
	char text[16];

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t n = strlen(kinds[i].magic);

		if (pread(fd, text, n, kinds[i].at) == (ssize_t)n &&
		    memcmp(text, kinds[i].magic, n) == 0)
			return &kinds[i];
	}
	return NULL;
}

/* The kernel's own words, if it has any: "e ext4: ...". */
static int cannot(const struct source *s, int fs, const char *what)
{
	int r = -errno;
	char why[256];
	ssize_t n = fs < 0 ? -1 : read(fs, why, sizeof(why) - 1);

	if (n <= 2)
		return fail(r, "volume '%s': %s", s->id, what);
	why[n] = '\0';
	why[strcspn(why, "\n")] = '\0';
	return fail(r, "volume '%s': %s: %s", s->id, what, why + 2);
}

static int set_flags(const struct source *s, const struct kind *k, int fs)
{
	auto_free char *flags = text_of("%s,%s", k->always, s->fixed ? k->read_only : "");
	char *next = flags, *flag;

	while ((flag = strsep(&next, ",")))
		if (*flag && fsconfig(fs, FSCONFIG_SET_FLAG, flag, NULL, 0) < 0)
			return -errno;
	if (s->fixed)
		return fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ? -errno : 0;
	if ((s->how->discard && fsconfig(fs, FSCONFIG_SET_FLAG, "discard", NULL, 0) < 0) ||
	    (s->how->lazytime && fsconfig(fs, FSCONFIG_SET_FLAG, "lazytime", NULL, 0) < 0))
		return -errno;
	return 0;
}

/* @device is open at @fd. */
static int mount_device(const struct source *s, const char *device, int fd, int *out)
{
	const struct kind *k = kind_of(fd);
	auto_fd fs = -EBADF;
	int r;

	if (!k)
		return refuse(-EINVAL,
			      "volume '%s' has no file system that pct knows: ext4, xfs or btrfs",
			      s->id);
	fs = fsopen(k->name, FSOPEN_CLOEXEC);
	if (fs < 0)
		return cannot(s, -EBADF, "mount it");
	r = set_flags(s, k, fs);
	if (r == 0 && (fsconfig(fs, FSCONFIG_SET_STRING, "source", device, 0) < 0 ||
		       step("volume: mount the file system") < 0 ||
		       fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0))
		r = -errno;
	if (r < 0)
		return cannot(s, fs, "mount it");
	*out = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)s->how->attributes);
	return *out < 0 ? cannot(s, fs, "mount it") : 0;
}

static int mount_image(struct source *s, const char *path, int *out)
{
	auto_fd image = s->fixed ? -EBADF : open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	auto_fd device = -EBADF;
	char name[LOOP_NAME];
	int r;

	if (image < 0 && (s->fixed || errno == EROFS)) {
		s->fixed = true;
		image = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (image < 0)
		return cannot(s, -EBADF, "open its image");
	r = loop_open(image, s->fixed, name, &device);
	if (r < 0)
		return fail(r, "volume '%s': find a loop device for it", s->id);
	return mount_device(s, name, image, out);
}

static int mount_path(struct source *s, const char *path, int *out)
{
	auto_fd fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	auto_fd device = -EBADF;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return cannot(s, -EBADF, "find it");
	if (S_ISREG(st.st_mode))
		return mount_image(s, path, out);
	if (S_ISDIR(st.st_mode)) {
		*out = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
		return *out < 0 ? cannot(s, -EBADF, "mount it") : 0;
	}
	/* An LV's name is a link to its device. */
	device = open(path, (s->fixed ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (device < 0 || fstat(device, &st) < 0)
		return cannot(s, -EBADF, "open its device");
	if (!S_ISBLK(st.st_mode))
		return refuse(-ENODEV, "volume '%s' is no directory, no image and no block device",
			      s->id);
	return mount_device(s, path, device, out);
}

/* The ids it is mounted with; -EBADF: those on the disk. */
static int ids_of(const struct source *s, int tree, bool mapped)
{
	if (mapped)
		return -EBADF;
	return volume_shift(tree) ? s->how->unshift : s->how->users;
}

static int set_attributes(const struct source *s, int tree, bool mapped)
{
	struct mount_attr a = { .attr_set = s->how->attributes, .propagation = MS_PRIVATE };
	int users = ids_of(s, tree, mapped);

	if (s->fixed)
		a.attr_set |= MOUNT_ATTR_RDONLY;
	if (a.attr_set & MOUNT_ATTR_NOATIME)
		a.attr_clr = MOUNT_ATTR__ATIME;
	if (users >= 0) {
		a.attr_set |= MOUNT_ATTR_IDMAP;
		a.userns_fd = (uint64_t)users;
	}
	/* no step: nobody sees it yet, and it goes with us */
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &a, sizeof(a)) == 0)
		return 0;
	if (users < 0 || (errno != EINVAL && errno != EPERM && errno != EOPNOTSUPP))
		return cannot(s, -EBADF, "mount it");
	if (s->how->probe)
		return -EOPNOTSUPP;
	return refuse(
	    -EOPNOTSUPP,
	    "volume '%s': its file system, or this kernel, cannot mount it with other ids "
	    "than it has on the disk",
	    s->id);
}

int volume_mount(const struct volume *v, const char *snapshot, const struct volume_how *how,
		 int *out)
{
	auto_free char *id = volume_id(v), *path = NULL;
	struct source s = { v, how, snapshot != NULL, id };
	const struct driver *d = v->storage->driver;
	auto_fd tree = -EBADF;
	struct volume_name name;
	bool mapped;
	int r = VOLUME_BY_PATH;

	if (volume_name_read(v->name, &name) == 0)
		s.fixed |= name.base;
	if (d->tree)
		r = d->tree(v->storage, v->name, snapshot, how, &tree);
	mapped = r == 0;
	if (r == VOLUME_BY_PATH)
		r = volume_where(v, snapshot, &path);
	if (r == 0 && !mapped)
		r = mount_path(&s, path, &tree);
	if (r == 0)
		r = set_attributes(&s, tree, mapped);
	if (r == 0)
		*out = take_fd(&tree);
	return r;
}
