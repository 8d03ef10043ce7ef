// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Directories and raw images in any directory there is. A directory has a size where its file
 * system has project quotas.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/step.h"
#include "pct/storage/files.h"
#include "pct/storage/quota.h"

static unsigned features(const struct storage *s, const char *name)
{
	unsigned dirs = STORAGE_DIRECTORIES;
	struct volume_name v;

	if (name && volume_name_read(name, &v) == 0 && v.format == VOLUME_IMAGE)
		return STORAGE_IMAGES | STORAGE_RESIZES;
	if (quota_there_at(files_root(s)))
		dirs |= STORAGE_QUOTA | STORAGE_RESIZES;
	return name ? dirs : dirs | STORAGE_IMAGES | STORAGE_RESIZES;
}

static int make_directory(const struct storage *s, const struct volume_spec *spec, const char *name,
			  const char *path)
{
	int r;

	if (step("volume: make a directory") < 0 || mkdir(path, 0700) < 0)
		return fail(-errno, "make volume '%s:%s'", s->id, name);
	r = files_own(s, name, path, spec);
	if (r == 0 && spec->bytes) {
		r = quota_limit_at(path, spec->bytes);
		if (r < 0)
			(void)fail(r, "limit the size of volume '%s:%s'", s->id, name);
	}
	if (r < 0)
		(void)rmdir(path);
	return r;
}

static int alloc(const struct storage *s, const struct volume_spec *spec, char **name)
{
	auto_free char *made = NULL, *path = NULL;
	int r = files_name(s, spec->vmid, spec->format, false, &made);

	if (r < 0)
		return r;
	path = files_path(s, made);
	r = spec->format == VOLUME_IMAGE ? files_make_image(s, made, path, spec->bytes)
					 : make_directory(s, spec, made, path);
	if (r == 0)
		*name = take_ptr(made);
	return r;
}

static int path_of(const struct storage *s, const char *name, const char *snapshot, char **path)
{
	auto_free char *found = files_path(s, name);

	if (snapshot)
		return refuse(-EOPNOTSUPP,
			      "storage '%s' of type '%s' has no snapshots: '%s' of '%s'", s->id,
			      s->type, snapshot, name);
	if (access(found, F_OK) < 0)
		return fail(-errno, "find volume '%s:%s'", s->id, name);
	*path = take_ptr(found);
	return 0;
}

static int resize_directory(const struct storage *s, const char *name, const char *path,
			    uint64_t bytes)
{
	int r = quota_limit_at(path, bytes);

	if (r == -EOPNOTSUPP)
		return refuse(r,
			      "volume '%s:%s' is a directory, and has no size: %s; or move it to "
			      "another storage",
			      s->id, name, quota_lacks_at(path));
	return r < 0 ? fail(r, "resize volume '%s:%s'", s->id, name) : 0;
}

static int resize(const struct storage *s, const char *name, uint64_t bytes)
{
	auto_free char *path = files_path(s, name);
	auto_fd fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EISDIR)
		return resize_directory(s, name, path, bytes);
	if (fd < 0 || bytes > INT64_MAX || step("volume: resize the image") < 0 ||
	    ftruncate(fd, (off_t)bytes) < 0)
		return fail(bytes > INT64_MAX ? -EFBIG : -errno, "resize volume '%s:%s'", s->id,
			    name);
	return 0;
}

static int free_it(const struct storage *s, const char *name)
{
	auto_free char *path = files_path(s, name);

	quota_forget_at(path);
	return files_free(s, name);
}

static int look(const struct storage *s, const char *name, struct volume_info *out)
{
	auto_free char *path = files_path(s, name);
	int r = files_info(s, name, out);

	if (r == 0 && out->format == VOLUME_DIRECTORY)
		(void)quota_read_at(path, &out->bytes, &out->used);
	return r;
}

const struct driver driver_dir = {
	.type = "dir",
	.help = "a directory: directories and raw images in it",
	.options = files_options,
	.features = features,
	.check = files_check,
	.alloc = alloc,
	.free = free_it,
	.path = path_of,
	.resize = resize,
	.rename = files_rename,
	.look = look,
	.list = files_list,
	.usage = files_usage,
};
