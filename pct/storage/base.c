// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/storage/base.h"
#include <fcntl.h>
#include <sys/file.h>

#include "base/say.h"
#include "pct/storage/files.h"

/* One makes it; the others find it made. */
static int lock_bases(const struct storage *s, int *out)
{
	auto_free char *dir = NULL;
	auto_fd fd = -EBADF;
	int r = files_bases(s, &dir);

	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return fail(-errno, "lock '%s'", dir);
	*out = take_fd(&fd);
	return 0;
}

static int fill(struct volume *v, int (*make)(int root, void *data), void *data)
{
	struct volume_how how = VOLUME_PLAIN;
	auto_fd tree = -EBADF, root = -EBADF;
	int r = volume_mount(v, NULL, &how, &tree);

	if (r < 0)
		return r;
	root = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail(-errno, "open volume '%s:%s'", v->storage->id, v->name);
	r = make(root, data);
	if (r == 0 && syncfs(root) < 0)
		r = fail(-errno, "write volume '%s:%s' to the disk", v->storage->id, v->name);
	return r;
}

static int make_it(const struct storage *s, const char *digest, int (*make)(int root, void *data),
		   void *data, struct volume *v)
{
	auto_free char *half = NULL;
	int r = s->driver->base_begin(s, digest, &v->name);

	if (r < 0)
		return r;
	r = fill(v, make, data);
	half = take_ptr(v->name);
	if (r == 0)
		r = s->driver->base_end(s, digest, &v->name);
	if (r < 0)
		(void)s->driver->free(s, half);
	return r;
}

int storage_base(const struct storage *s, const char *digest, int (*make)(int root, void *data),
		 void *data, struct volume *out)
{
	auto_volume v = { .storage = s };
	auto_fd lock = -EBADF;
	int r;

	if (!s->driver->base_begin || !s->driver->clone)
		return -EOPNOTSUPP;
	r = s->driver->base_find(s, digest, &v.name);
	if (r == -ENOENT) {
		r = lock_bases(s, &lock);
		if (r == 0)
			r = s->driver->base_find(s, digest, &v.name);
		if (r == -ENOENT)
			r = make_it(s, digest, make, data, &v);
	}
	if (r < 0)
		return r;
	*out = v;
	v.name = NULL;
	return 0;
}

int storage_base_remove(const struct storage *s, const char *digest)
{
	auto_free char *name = NULL;
	auto_fd lock = -EBADF;
	int r;

	if (!s->driver->base_begin || s->driver->base_find(s, digest, &name) < 0)
		return 0;
	r = lock_bases(s, &lock);
	return r < 0 ? r : s->driver->free(s, name);
}
