// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Volumes on a btrfs: each is a subvolume, a directory's itself, an image's with disk.raw in it.
 * So each has snapshots, and clones that share its data.
 *
 *   images/100/subvol-100-disk-0.subvol          a directory
 *   images/100/vm-100-disk-0/disk.raw            the image 100/vm-100-disk-0.raw
 *   images/100/subvol-100-disk-0.subvol@before   a snapshot of either
 *   images/100/subvol-100-disk-0.subvol.rollback of one that was gone back, what it was until then
 *   images/.gone/                                what is being removed (gone.h)
 *
 * What is no subvolume (made on a `dir`, or copied here) works as there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/files.h"
#include "pct/storage/gone.h"
#include "pct/storage/subvolume.h"

static void close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool is_raw(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".raw") == 0;
}

/* The subvolume that a volume is. */
static char *subvolume_of(const struct storage *s, const char *name)
{
	char *path = files_path(s, name);

	if (is_raw(path))
		path[strlen(path) - 4] = '\0';
	return path;
}

static bool is_ours(const struct storage *s, const char *name)
{
	auto_free char *path = subvolume_of(s, name);

	return subvolume_is(path);
}

static char *snapshot_of(const struct storage *s, const char *name, const char *snapshot)
{
	auto_free char *path = subvolume_of(s, name);

	return text_of("%s@%s", path, snapshot);
}

static unsigned features(const struct storage *s, const char *name)
{
	bool quota = subvolume_has_quota(files_root(s));
	unsigned all = STORAGE_DIRECTORIES | STORAGE_IMAGES | STORAGE_SNAPSHOTS | STORAGE_CLONES |
		       STORAGE_COPIES | STORAGE_RESIZES | (quota ? STORAGE_QUOTA : 0);
	struct volume_name v;

	if (!name || volume_name_read(name, &v) < 0)
		return all;
	if (!is_ours(s, name))
		return v.format == VOLUME_IMAGE ? STORAGE_IMAGES | STORAGE_RESIZES
						: STORAGE_DIRECTORIES;
	if (v.format == VOLUME_IMAGE)
		return all & ~(unsigned)(STORAGE_DIRECTORIES | STORAGE_QUOTA);
	return all & ~(unsigned)(STORAGE_IMAGES | (quota ? 0 : STORAGE_RESIZES));
}

static int check(const struct storage *s)
{
	int r = files_check(s);

	/* Of `local` nothing may be there yet. */
	if (r < 0 || s->implicit || subvolume_fs_is(files_root(s)))
		return r;
	return refuse(-EINVAL,
		      "storage '%s': '%s' is on no btrfs: have it as 'dir: %s' in '%s/etc/pct/"
		      "storage.cfg'",
		      s->id, files_root(s), s->id, paths_root());
}

/* ---- made ---- */

static int limit(const struct storage *s, const char *name, const char *path, uint64_t bytes)
{
	int r = bytes ? subvolume_limit(path, bytes) : 0;

	return r < 0 ? fail(r, "limit the size of volume '%s:%s'", s->id, name) : 0;
}

static int fill(const struct storage *s, const struct volume_spec *spec, const char *name,
		const char *path)
{
	auto_free char *image = text_of("%s/disk.raw", path);
	int r;

	if (spec->format == VOLUME_IMAGE)
		return files_make_image(s, name, image, spec->bytes);
	r = files_own(s, name, path, spec);
	return r < 0 ? r : limit(s, name, path, spec->bytes);
}

/* What one that was killed has left takes room. */
static void sweep(const struct storage *s)
{
	auto_free char *images = text_of("%s/images", files_root(s));

	gone_sweep(images);
}

static int alloc(const struct storage *s, const struct volume_spec *spec, char **name)
{
	auto_free char *made = NULL, *path = NULL;
	int r = files_name(s, spec->vmid, spec->format, false, &made);

	if (r < 0)
		return r;
	sweep(s);
	path = subvolume_of(s, made);
	r = subvolume_create(path);
	if (r < 0)
		return fail(r, "make volume '%s:%s'", s->id, made);
	r = fill(s, spec, made, path);
	if (r < 0)
		(void)subvolume_destroy(path);
	else
		*name = take_ptr(made);
	return r;
}

static int clone_it(const struct storage *s, const char *name, const char *snapshot, unsigned vmid,
		    char **out)
{
	auto_free char *from = snapshot ? snapshot_of(s, name, snapshot) : subvolume_of(s, name);
	auto_free char *made = NULL, *to = NULL, *was = subvolume_of(s, name);
	uint64_t bytes = 0, used;
	struct volume_name v;
	int r = volume_name_read(name, &v);

	if (r == 0)
		r = files_name(s, vmid, v.format, false, &made);
	if (r < 0)
		return r;
	to = subvolume_of(s, made);
	r = subvolume_snapshot(from, to, false);
	if (r < 0)
		return fail(r, "clone volume '%s:%s%s%s'", s->id, name, snapshot ? "@" : "",
			    snapshot ? snapshot : "");
	if (v.format == VOLUME_DIRECTORY && subvolume_usage(was, &bytes, &used) == 0)
		r = limit(s, made, to, bytes);
	if (r < 0)
		(void)subvolume_destroy(to);
	else
		*out = take_ptr(made);
	return r;
}

/* ---- where ---- */

static int path_of(const struct storage *s, const char *name, const char *snapshot, char **path)
{
	auto_free char *at = snapshot ? snapshot_of(s, name, snapshot) : subvolume_of(s, name);
	auto_free char *image = text_of("%s/disk.raw", at), *plain = files_path(s, name);

	if (!snapshot && access(at, F_OK) < 0 && access(plain, F_OK) == 0) {
		*path = take_ptr(plain);
		return 0;
	}
	if (access(at, F_OK) < 0)
		return fail(-errno, "find volume '%s:%s%s%s'", s->id, name, snapshot ? "@" : "",
			    snapshot ? snapshot : "");
	*path = is_raw(name) ? take_ptr(image) : take_ptr(at);
	return 0;
}

static int look(const struct storage *s, const char *name, struct volume_info *out)
{
	auto_free char *path = subvolume_of(s, name), *image = text_of("%s/disk.raw", path);
	struct volume_name v;
	struct stat st;
	int r;

	if (!subvolume_is(path) || !is_raw(name)) {
		r = files_info(s, name, out);
		if (r == 0 && out->format == VOLUME_DIRECTORY)
			(void)subvolume_usage(path, &out->bytes, &out->used);
		return r;
	}
	r = volume_name_read(name, &v);
	if (r < 0)
		return r;
	*out = (struct volume_info){
		.name = name, .owner = v.owner, .base = v.base, .format = VOLUME_IMAGE
	};
	/* One that was killed while it was made has none yet. */
	if (stat(image, &st) == 0) {
		out->bytes = (uint64_t)st.st_size;
		out->used = (uint64_t)st.st_blocks * 512;
	}
	return 0;
}

static int resize(const struct storage *s, const char *name, uint64_t bytes)
{
	auto_free char *path = NULL;
	auto_fd fd = -EBADF;
	int r = path_of(s, name, NULL, &path);

	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EISDIR) {
		if (subvolume_has_quota(path) && subvolume_is(path))
			return limit(s, name, path, bytes);
		return refuse(-EOPNOTSUPP,
			      "volume '%s:%s' is a directory, and has no size: 'btrfs quota enable "
			      "--simple %s' lets it have one",
			      s->id, name, files_root(s));
	}
	if (fd < 0 || bytes > INT64_MAX || step("volume: resize the image") < 0 ||
	    ftruncate(fd, (off_t)bytes) < 0)
		return fail(bytes > INT64_MAX ? -EFBIG : -errno, "resize volume '%s:%s'", s->id,
			    name);
	return 0;
}

/* ---- snapshots ---- */

static int snapshot(const struct storage *s, const char *name, const char *snapshot)
{
	auto_free char *from = subvolume_of(s, name), *to = snapshot_of(s, name, snapshot);
	int r = subvolume_snapshot(from, to, true);

	return r < 0 ? fail(r, "make snapshot '%s' of volume '%s:%s'", snapshot, s->id, name) : 0;
}

static int snapshot_remove(const struct storage *s, const char *name, const char *snapshot)
{
	auto_free char *path = snapshot_of(s, name, snapshot);
	int r = subvolume_destroy(path);

	sweep(s);
	return r < 0 ? fail(r, "remove snapshot '%s' of volume '%s:%s'", snapshot, s->id, name) : 0;
}

static int exchange(const char *a, const char *b)
{
	return step("volume: put what it was in its place") < 0 ||
		       syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0
		   ? -errno
		   : 0;
}

/* It is not there any more, or soon. */
static int put_away(const struct storage *s, const char *path)
{
	auto_free char *images = text_of("%s/images", files_root(s));

	return gone_put(images, path) == 0 ? 0 : subvolume_destroy(path);
}

/* At any moment it is there, as it was or as it is to be. */
static int rollback(const struct storage *s, const char *name, const char *snapshot)
{
	auto_free char *path = subvolume_of(s, name), *from = snapshot_of(s, name, snapshot);
	auto_free char *next = text_of("%s.rollback", path);
	uint64_t bytes = 0, used;
	int r = put_away(s, next);

	if (r == 0)
		r = subvolume_snapshot(from, next, false);
	if (r == 0 && !is_raw(name) && subvolume_usage(path, &bytes, &used) == 0 && bytes)
		r = subvolume_limit(next, bytes);
	if (r == 0)
		r = exchange(next, path);
	/* It is as it was then; what it was until now goes with the next one, or with it. */
	if (r == 0 && put_away(s, next) < 0)
		warn(-errno, "remove '%s'", next);
	return r < 0 ? fail(r, "roll volume '%s:%s' back to '%s'", s->id, name, snapshot) : 0;
}

static int has_snapshot(const struct storage *s, const char *name, const char *snapshot)
{
	auto_free char *path = snapshot_of(s, name, snapshot);

	return access(path, F_OK) < 0 ? -errno : 0;
}

/* Each that is beside it and belongs to it: its snapshots, and what a rollback has left. */
static int each_beside(const char *path, int (*each)(const char *beside, const void *arg),
		       const void *arg)
{
	const char *name = strrchr(path, '/') + 1;
	auto_free char *dir = text_of("%.*s", (int)(name - path - 1), path);
	CLEANUP(close_directory) DIR *entries = opendir(dir);
	size_t n = strlen(name);
	struct dirent *e;
	int r = 0;

	while (r == 0 && entries && (e = readdir(entries))) {
		auto_free char *beside = text_of("%s/%s", dir, e->d_name);

		if (strncmp(e->d_name, name, n) == 0 &&
		    (e->d_name[n] == '@' || strcmp(e->d_name + n, ".rollback") == 0))
			r = each(beside, arg);
	}
	return r;
}

static int destroy_beside(const char *beside, const void *arg)
{
	(void)arg;
	return subvolume_destroy(beside);
}

static int free_it(const struct storage *s, const char *name)
{
	auto_free char *path = subvolume_of(s, name);
	int r;

	if (!files_is_real(path))
		return 0;
	sweep(s);
	r = each_beside(path, destroy_beside, NULL);
	if (r == 0 && subvolume_is(path))
		r = subvolume_destroy(path);
	if (r < 0)
		return fail(r, "remove volume '%s:%s'", s->id, name);
	r = files_free(s, name);
	return r < 0 ? r : files_drop_directory(s, name);
}

/* ---- another name ---- */

struct renaming {
	const char *from, *to;
};

static int rename_beside(const char *beside, const void *arg)
{
	const struct renaming *n = arg;
	auto_free char *to = text_of("%s%s", n->to, beside + strlen(n->from));

	return step("volume: rename its snapshot") < 0 || rename(beside, to) < 0 ? -errno : 0;
}

static int rename_subvolume(const struct storage *s, const char *name, const char *renamed,
			    bool base)
{
	auto_free char *from = subvolume_of(s, name), *to = subvolume_of(s, renamed);
	const struct renaming n = { from, to };
	int r = base ? 0 : subvolume_set_read_only(from, false);

	if (r == 0 && strcmp(from, to) != 0) {
		r = each_beside(from, rename_beside, &n);
		if (r == 0 &&
		    (step("volume: rename it") < 0 ||
		     syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0))
			r = -errno;
	}
	return r == 0 && base ? subvolume_set_read_only(to, true) : r;
}

static int rename_it(const struct storage *s, const char *name, unsigned vmid, bool base,
		     char **out)
{
	auto_free char *renamed = NULL;
	struct volume_name v;
	int r = volume_name_read(name, &v);

	if (r < 0 || !is_ours(s, name))
		return files_rename(s, name, vmid, base, out);
	if (v.owner == vmid && v.number != UINT_MAX)
		renamed = volume_name_make(vmid, v.format, base, v.number, true);
	else
		r = files_name(s, vmid, v.format, base, &renamed);
	if (r < 0)
		return r;
	r = rename_subvolume(s, name, renamed, base);
	if (r < 0)
		return fail(r, "rename volume '%s:%s' to '%s'", s->id, name, renamed);
	if (v.owner != vmid)
		r = files_drop_directory(s, name);
	*out = take_ptr(renamed);
	return r;
}

/* ---- images, unpacked once ---- */

static int base_begin(const struct storage *s, const char *digest, char **name)
{
	auto_free char *made = files_base(digest, true), *path = files_path(s, made), *dir = NULL;
	int r = files_bases(s, &dir);

	if (r < 0)
		return r;
	r = subvolume_destroy(path);
	if (r == 0)
		r = subvolume_create(path);
	if (r < 0)
		return fail(r, "make volume '%s:%s'", s->id, made);
	*name = take_ptr(made);
	return 0;
}

static int base_end(const struct storage *s, const char *digest, char **name)
{
	auto_free char *half = files_base(digest, true), *path = files_path(s, half);
	int r = subvolume_set_read_only(path, true);

	return r < 0 ? fail(r, "make volume '%s:%s'", s->id, half)
		     : files_base_end(s, digest, name);
}

const struct driver driver_btrfs = {
	.type = "btrfs",
	.help = "a directory on a btrfs: subvolumes, with snapshots and linked clones",
	.options = files_options,
	.features = features,
	.check = check,
	.alloc = alloc,
	.free = free_it,
	.path = path_of,
	.resize = resize,
	.snapshot = snapshot,
	.snapshot_remove = snapshot_remove,
	.rollback = rollback,
	.has_snapshot = has_snapshot,
	.clone = clone_it,
	.rename = rename_it,
	.look = look,
	.list = files_list,
	.usage = files_usage,
	.base_begin = base_begin,
	.base_end = base_end,
	.base_find = files_base_find,
};
