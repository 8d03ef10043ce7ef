// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Directories and raw images in any directory there is.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/step.h"
#include "pct/storage/files.h"

static unsigned features(const struct storage *s, const char *name)
{
	struct volume_name v;
	unsigned all = STORAGE_DIRECTORIES | STORAGE_IMAGES | STORAGE_RESIZES;

	(void)s;
	if (!name || volume_name_read(name, &v) < 0)
		return all;
	return v.format == VOLUME_IMAGE ? STORAGE_IMAGES | STORAGE_RESIZES : STORAGE_DIRECTORIES;
}

static int alloc(const struct storage *s, const struct volume_spec *spec, char **name)
{
	auto_free char *made = NULL, *path = NULL;
	int r = files_name(s, spec->vmid, spec->format, false, &made);

	if (r < 0)
		return r;
	path = files_path(s, made);
	if (spec->format == VOLUME_IMAGE) {
		r = files_make_image(s, made, path, spec->bytes);
	} else if (step("volume: make a directory") < 0 || mkdir(path, 0700) < 0) {
		r = fail(-errno, "make volume '%s:%s'", s->id, made);
	} else {
		r = files_own(s, made, path, spec);
		if (r < 0)
			(void)rmdir(path);
	}
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

static int resize(const struct storage *s, const char *name, uint64_t bytes)
{
	auto_free char *path = files_path(s, name);
	auto_fd fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EISDIR)
		return refuse(-EOPNOTSUPP,
			      "volume '%s:%s' is a directory: storage '%s' cannot limit its size",
			      s->id, name, s->id);
	if (fd < 0 || bytes > INT64_MAX || step("volume: resize the image") < 0 ||
	    ftruncate(fd, (off_t)bytes) < 0)
		return fail(bytes > INT64_MAX ? -EFBIG : -errno, "resize volume '%s:%s'", s->id,
			    name);
	return 0;
}

const struct driver driver_dir = {
	.type = "dir",
	.help = "a directory: directories and raw images in it",
	.options = files_options,
	.features = features,
	.check = files_check,
	.alloc = alloc,
	.free = files_free,
	.path = path_of,
	.resize = resize,
	.rename = files_rename,
	.look = files_info,
	.list = files_list,
	.usage = files_usage,
};
