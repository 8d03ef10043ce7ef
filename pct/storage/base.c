// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/storage/base.h"
#include <fcntl.h>
#include <sys/file.h>

#include "base/say.h"
#include "pct/paths.h"
#include "pct/root/tree.h"
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

/* ---- those that are not wanted any more ---- */

#define DIGEST 64u

/* Nothing else that lies there is ours. */
static bool is_base(const char *name)
{
	const char *rest = name + DIGEST;

	if (strspn(name, "0123456789abcdef") != DIGEST)
		return false;
	rest += strncmp(rest, "-privileged", 11) == 0 ? 11 : 0;
	return strcmp(rest, ".subvol") == 0 || strcmp(rest, ".new") == 0;
}

static void prune(const struct storage *s, bool (*keep)(const char *digest, void *data), void *data)
{
	const char *path = storage_option(s, "path");
	auto_free char *dir = text_of("%s/images/base", path ? path : "");
	auto_fd fd = path ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EBADF;
	auto_free char **names = NULL;
	size_t n = 0;

	/* Locked: somebody makes one now. */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || tree_names(fd, &names, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		auto_free char *own = names[i];
		auto_free char *name = text_of("base/%s", own);
		auto_free char *digest = text_of("%.64s", own);

		if (!is_base(own) || keep(digest, data) ||
		    (s->driver->needed && s->driver->needed(s, name)))
			continue;
		(void)s->driver->free(s, name);
	}
}

void storage_bases_prune(bool (*keep)(const char *digest, void *data), void *data)
{
	const struct storages *all;

	if (storages_get(&all) < 0)
		return;
	for (size_t i = 0; i < all->n; i++) {
		const struct storage *s = &all->all[i];

		if (s->driver && s->driver->base_begin && !storage_flag(s, "disable"))
			prune(s, keep, data);
	}
}
