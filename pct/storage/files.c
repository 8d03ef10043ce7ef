// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/conf/forms.h"
#include "pct/paths.h"
#include "pct/root/tree.h"
#include "pct/step.h"
#include "pct/storage/files.h"

static const char *const file_systems[] = { "ext4", "xfs", NULL };

const struct option files_options[] = {
	{ "path", OPTION_TEXT, .min = 1, .max = 1024, .form = form_place, .required = true,
	  .value = "<directory>", .help = "where it lies" },
	{ "fs", OPTION_WORD, .words = file_systems,
	  .help = "the file system of new images; ext4 if not given" },
	{ "is_mountpoint", OPTION_TEXT, .min = 1, .max = 1024, .value = "yes|<path>",
	  .help = "a file system has to be mounted there for it to be used" },
	{ .name = NULL },
};

static void close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
#define auto_dir CLEANUP(close_directory) DIR *

const char *files_root(const struct storage *s)
{
	const char *path = storage_option(s, "path");

	return path ? path : "";
}

char *files_path(const struct storage *s, const char *name)
{
	struct volume_name v;

	if (volume_name_read(name, &v) < 0)
		v.own = name;
	return text_of("%s/images/%s", files_root(s), v.own);
}

/* ---- is it there ---- */

static bool is_mounted(const char *path)
{
	auto_free char *above = text_of("%s/..", path);
	struct stat here, there;

	return stat(path, &here) == 0 && stat(above, &there) == 0 &&
	       (here.st_dev != there.st_dev || here.st_ino == there.st_ino);
}

static int check_mounted(const struct storage *s, const char *path)
{
	const char *want = storage_option(s, "is_mountpoint");
	bool on;

	if (!want)
		return 0;
	if (option_bool(want, &on))
		want = on ? path : NULL;
	if (!want || is_mounted(want))
		return 0;
	return refuse(-ENODEV, "storage '%s': nothing is mounted on '%s': mount it first", s->id,
		      want);
}

int files_check(const struct storage *s)
{
	const char *path = files_root(s);
	struct stat st;

	if (*path != '/')
		return refuse(-EINVAL,
			      "storage '%s' has no path: give its section of '%s/etc/pct/"
			      "storage.cfg' a line 'path /...'",
			      s->id, paths_root());
	if (!s->implicit && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
		return refuse(-ENOENT,
			      "storage '%s': '%s' is no directory: make it, or mount what it is "
			      "on",
			      s->id, path);
	return check_mounted(s, path);
}

/* ---- names ---- */

/* Numbers below 64 by bits; beyond those each is looked for. */
static unsigned lowest_free(DIR *dir, unsigned vmid)
{
	static const char *const forms[] = { "vm", "subvol", "base", "basevol" };
	unsigned n = 0;

	for (;; n++) {
		struct dirent *e;
		bool taken = false;

		rewinddir(dir);
		while (!taken && (e = readdir(dir)))
			for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
				auto_free char *begin = text_of("%s-%u-disk-%u", forms[i], vmid, n);
				size_t k = strlen(begin);

				taken |= strncmp(e->d_name, begin, k) == 0 &&
					 !(e->d_name[k] >= '0' && e->d_name[k] <= '9');
			}
		if (!taken)
			return n;
	}
}

int files_bases(const struct storage *s, char **path)
{
	auto_free char *images = text_of("%s/images", files_root(s));
	auto_free char *dir = text_of("%s/base", images);
	int r = paths_make(images, 0755);

	if (r == 0)
		r = paths_make(dir, 0700);
	if (r == 0)
		*path = take_ptr(dir);
	return r;
}

char *files_base(const char *digest, bool half)
{
	return text_of("base/%s.%s", digest, half ? "new" : "subvol");
}

int files_base_find(const struct storage *s, const char *digest, char **name)
{
	auto_free char *found = files_base(digest, false), *path = files_path(s, found);

	if (access(path, F_OK) < 0)
		return -errno;
	*name = take_ptr(found);
	return 0;
}

int files_base_end(const struct storage *s, const char *digest, char **name)
{
	auto_free char *half = files_base(digest, true), *from = files_path(s, half);
	auto_free char *made = files_base(digest, false), *to = files_path(s, made);

	if (step("base: it is there") < 0 || rename(from, to) < 0)
		return fail(-errno, "make volume '%s:%s'", s->id, made);
	*name = take_ptr(made);
	return 0;
}

int files_name(const struct storage *s, unsigned vmid, enum volume_format format, bool base,
	       char **name)
{
	auto_free char *images = text_of("%s/images", files_root(s));
	auto_free char *path = text_of("%s/%u", images, vmid);
	auto_dir dir = NULL;
	int r = paths_make(images, 0755);

	if (r < 0)
		return r;
	if (access(path, F_OK) < 0 &&
	    (step("volume: make images/<vmid>") < 0 || (mkdir(path, 0700) < 0 && errno != EEXIST)))
		return fail(-errno, "storage '%s': make '%s'", s->id, path);
	dir = opendir(path);
	if (!dir)
		return fail(-errno, "storage '%s': read '%s'", s->id, path);
	*name = volume_name_make(vmid, format, base, lowest_free(dir, vmid), true);
	return 0;
}

/* ---- made, freed ---- */

int files_make_image(const struct storage *s, const char *name, const char *path, uint64_t bytes)
{
	auto_fd fd = -EBADF;

	if (step("volume: make an image") == 0)
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(-errno, "make volume '%s:%s'", s->id, name);
	if (bytes > INT64_MAX || step("volume: give the image its size") < 0 ||
	    ftruncate(fd, (off_t)bytes) < 0) {
		int r = bytes > INT64_MAX ? -EFBIG : -errno;

		(void)unlink(path);
		return fail(r, "make volume '%s:%s'", s->id, name);
	}
	return 0;
}

int files_own(const struct storage *s, const char *name, const char *path,
	      const struct volume_spec *spec)
{
	if (step("volume: give the directory its owner") < 0 ||
	    chown(path, spec->uid, spec->gid) < 0 || chmod(path, 0755) < 0)
		return fail(-errno, "make volume '%s:%s'", s->id, name);
	return 0;
}

/* As Proxmox marks the images of templates. */
static void unmark(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	unsigned flags;

	/* no step: what follows does the same again */
	if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && flags & FS_IMMUTABLE_FL) {
		flags &= ~(unsigned)FS_IMMUTABLE_FL;
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
	}
}

/* The directory it is in; NULL of one that stands alone. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return text_of("%.*s", (int)(slash - path), path);
}

int files_drop_directory(const struct storage *s, const char *name)
{
	auto_free char *path = files_path(s, name);
	auto_free char *dir = directory_of(path);

	/* Who makes bases has theirs open. */
	if (strncmp(name, "base/", 5) == 0)
		return 0;
	if (step("volume: remove images/<vmid> if it is empty") < 0 ||
	    (rmdir(dir) < 0 && errno != ENOTEMPTY && errno != ENOENT && errno != EEXIST &&
	     errno != ENOTDIR))
		return fail(-errno, "storage '%s': remove '%s'", s->id, dir);
	return 0;
}

/* A link in place of images/<vmid> leads to what is somebody else's. */
bool files_is_real(const char *path)
{
	auto_free char *dir = directory_of(path);
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode);
}

int files_free(const struct storage *s, const char *name)
{
	auto_free char *path = files_path(s, name);
	struct stat st;
	int r = 0;

	if (!files_is_real(path) || (lstat(path, &st) < 0 && errno == ENOENT))
		return 0;
	unmark(path);
	if (S_ISDIR(st.st_mode))
		r = tree_remove(path);
	else if (step("volume: remove it") < 0 || (unlink(path) < 0 && errno != ENOENT))
		r = fail(-errno, "remove volume '%s:%s'", s->id, name);
	return r < 0 ? r : files_drop_directory(s, name);
}

/* ---- what there is ---- */

int files_rename(const struct storage *s, const char *name, unsigned vmid, bool base, char **out)
{
	auto_free char *from = files_path(s, name), *to = NULL, *renamed = NULL;
	struct volume_name v;
	struct stat st;
	int r = volume_name_read(name, &v);

	if (r < 0 || lstat(from, &st) < 0)
		return fail(r < 0 ? r : -errno, "rename volume '%s:%s'", s->id, name);
	if (v.owner == vmid && v.number != UINT_MAX)
		renamed =
		    volume_name_make(vmid, S_ISDIR(st.st_mode) ? VOLUME_DIRECTORY : VOLUME_IMAGE,
				     base, v.number, true);
	else
		r = files_name(s, vmid, S_ISDIR(st.st_mode) ? VOLUME_DIRECTORY : VOLUME_IMAGE, base,
			       &renamed);
	if (r < 0)
		return r;
	to = files_path(s, renamed);
	unmark(from);
	if (strcmp(from, to) != 0 &&
	    (step("volume: rename it") < 0 ||
	     syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0))
		return fail(-errno, "rename volume '%s:%s' to '%s'", s->id, name, renamed);
	if (v.owner != vmid)
		r = files_drop_directory(s, name);
	*out = take_ptr(renamed);
	return r;
}

int files_info(const struct storage *s, const char *name, struct volume_info *out)
{
	auto_free char *path = files_path(s, name);
	struct volume_name v;
	struct stat st;
	int r = volume_name_read(name, &v);

	if (r < 0 || lstat(path, &st) < 0)
		return r < 0 ? r : -errno;
	*out = (struct volume_info){ .name = name, .owner = v.owner, .base = v.base };
	out->format = S_ISDIR(st.st_mode) ? VOLUME_DIRECTORY : VOLUME_IMAGE;
	if (S_ISREG(st.st_mode)) {
		out->bytes = (uint64_t)st.st_size;
		out->used = (uint64_t)st.st_blocks * 512;
	}
	return 0;
}

static int list_one(const struct storage *s, unsigned vmid,
		    int (*each)(const struct volume_info *v, void *data), void *data)
{
	auto_free char *path = text_of("%s/images/%u", files_root(s), vmid);
	auto_dir dir = opendir(path);
	struct dirent *e;
	int r = 0;

	while (r == 0 && dir && (e = readdir(dir))) {
		/* On a btrfs an image is a subvolume of that name without the last part. */
		bool image =
		    (strncmp(e->d_name, "vm-", 3) == 0 || strncmp(e->d_name, "base-", 5) == 0) &&
		    e->d_type == DT_DIR;
		auto_free char *name = text_of("%u/%s%s", vmid, e->d_name, image ? ".raw" : "");
		struct volume_name v;
		struct volume_info i;

		if (volume_name_read(name, &v) == 0 && v.number != UINT_MAX &&
		    s->driver->look(s, name, &i) == 0)
			r = each(&i, data);
	}
	return r;
}

int files_list(const struct storage *s, unsigned vmid,
	       int (*each)(const struct volume_info *v, void *data), void *data)
{
	auto_free char *path = text_of("%s/images", files_root(s));
	auto_dir dir = NULL;
	struct dirent *e;
	int r = 0;

	if (vmid)
		return list_one(s, vmid, each, data);
	dir = opendir(path);
	while (r == 0 && dir && (e = readdir(dir)))
		if (vmid_parse(e->d_name, &vmid))
			r = list_one(s, vmid, each, data);
	return r;
}

int files_usage(const struct storage *s, struct storage_usage *out)
{
	auto_free char *at = text_of("%s", files_root(s));
	struct statvfs fs;

	/* Of `local` nothing may be there yet: where it will be. */
	while (s->implicit && access(at, F_OK) < 0 && strrchr(at, '/') > at)
		*strrchr(at, '/') = '\0';
	if (statvfs(at, &fs) < 0)
		return -errno;
	out->total = (uint64_t)fs.f_blocks * fs.f_frsize;
	out->used = (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
	out->available = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}
