// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/conf/store.h"
#include "pct/disk/move.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/tree/tree-copy.h"

bool disk_in_snapshot(const struct config *c, const struct disk *d)
{
	const char *volume = properties_get(&d->is, "volume");
	size_t n = strlen(volume);

	for (size_t i = 1; i < c->n; i++)
		for (size_t k = 0; k < c->sections[i].n; k++) {
			const char *value = c->sections[i].entries[k].value;

			if (strncmp(value, volume, n) == 0 && (!value[n] || value[n] == ','))
				return true;
		}
	return false;
}

/* ---- the copy ---- */

/* As large as the old one, or as is needed. */
static int size_of(const struct disk *d, struct volume_spec *spec)
{
	struct volume_info is;
	int r = volume_info(&d->volume, &is);
	uint64_t size = 0;

	if (r < 0)
		return fail(r, "find volume '%s:%s'", d->volume.storage->id, d->volume.name);
	(void)disk_size(d, &size);
	spec->bytes = is.bytes ? is.bytes : size;
	return 0;
}

static int owner_of(int tree, struct volume_spec *spec)
{
	struct stat st;

	if (fstat(tree, &st) < 0)
		return fail(-errno, "look at the volume");
	spec->uid = st.st_uid;
	spec->gid = st.st_gid;
	return 0;
}

static int copy(const struct disk *d, int from, const struct volume *to, struct progress *p)
{
	struct volume_how how = VOLUME_PLAIN;
	auto_fd tree = -EBADF, source = -EBADF, target = -EBADF;
	struct storage_usage is = { 0 };
	struct volume_info info;
	bool image = volume_info(&d->volume, &info) == 0 && info.format == VOLUME_IMAGE;
	int r = volume_mount(to, NULL, &how, &tree);

	if (r == 0)
		r = disk_open_root(from, &source);
	if (r == 0)
		r = disk_open_root(tree, &target);
	if (r < 0)
		return r;
	/* A directory's file system has more in it than the directory. */
	if (image || info.bytes)
		(void)volume_usage(&d->volume, source, &is);
	progress_begin(p, is.used, "copy %s", d->key);
	r = tree_copy(source, target, p);
	if (r == 0 && syncfs(target) < 0)
		r = fail(-errno, "write the copy of %s to the disk", d->key);
	return progress_end(p, r);
}

static int make(unsigned vmid, const struct disk *d, const struct storage *to, struct volume *new,
		int *from)
{
	struct volume_spec spec = { .vmid = vmid };
	auto_fd tree = -EBADF;
	int r = size_of(d, &spec);

	if (r == 0)
		r = disk_mount(d, MOUNT_ATTR_RDONLY, &tree);
	if (r == 0)
		r = owner_of(tree, &spec);
	if (r == 0)
		r = volume_alloc(to, &spec, new);
	if (r == 0)
		*from = take_fd(&tree);
	return r;
}

/* ---- the conf ---- */

static int name(unsigned vmid, struct config *c, const char *key, const struct volume *v)
{
	auto_free char *id = volume_id(v);
	int r = config_set(c, key, id);

	if (r < 0)
		return fail(r, "CT %u: name volume '%s'", vmid, id);
	return conf_save(vmid, c);
}

/* It changes places with the old one. */
static int exchange(unsigned vmid, struct config *c, struct disk *d, const struct volume *new,
		    const char *unused)
{
	auto_free char *id = volume_id(new), *old = volume_id(&d->volume);
	bool kept = disk_in_snapshot(c, d);
	struct volume_info is;
	int r = properties_set(&d->is, "volume", id);

	if (r == 0 && volume_info(new, &is) == 0 && is.bytes)
		r = disk_set_size(d, is.bytes);
	if (r == 0)
		r = disk_write(vmid, c, d);
	if (kept)
		config_unset(c, unused);
	else if (r == 0)
		r = config_set(c, unused, old);
	if (r < 0)
		return fail(r, "CT %u: name volume '%s'", vmid, id);
	config_unset(c, "lock");
	return conf_save(vmid, c);
}

/*
 * Nothing is removed that the conf on the disk may name: so that says first that all is as it was,
 * and names the new one as unused.
 */
static void undo(unsigned vmid, struct config *c, const struct disk *d, const char *was,
		 const struct volume *new, const char *unused)
{
	auto_free char *id = new->name ? volume_id(new) : NULL;
	int r = config_set(c, d->key, was);

	if (r == 0 && id)
		r = config_set(c, unused, id);
	if (r == 0)
		r = config_set(c, "lock", "disk");
	if (r == 0)
		r = conf_save(vmid, c);
	if (r == 0 && id) {
		r = volume_free(new);
		if (r == 0)
			config_unset(c, unused);
	}
	if (r == 0) {
		config_unset(c, "lock");
		r = conf_save(vmid, c);
	}
	if (r < 0 && id)
		say(SAY_ERR, 0,
		    "CT %u: volume '%s' may be left of it: 'pct unlock %u', then 'pct rescan' "
		    "names it",
		    vmid, id, vmid);
}

int disk_move(unsigned vmid, struct config *c, struct disk *d, const struct storage *to,
	      bool remove, struct progress *p)
{
	auto_volume new = VOLUME_NONE;
	auto_free char *was = text_of("%s", config_get(c, d->key));
	char unused[OPTION_NAME];
	auto_fd from = -EBADF;
	int r;

	if (!disk_free_unused(c, unused))
		return refuse(-ENOSPC, "CT %u: all numbers of unused volumes are taken", vmid);
	r = config_set(c, "lock", "disk");
	if (r == 0)
		r = conf_save(vmid, c);
	if (r == 0)
		r = make(vmid, d, to, &new, &from);
	if (r == 0)
		r = name(vmid, c, unused, &new);
	if (r == 0)
		r = copy(d, from, &new, p);
	if (r == 0 && interrupted())
		r = -EINTR;
	close_fd(&from);
	if (r == 0)
		r = exchange(vmid, c, d, &new, unused);
	if (r < 0) {
		undo(vmid, c, d, was, &new, unused);
		return r;
	}
	if (!remove)
		return 0;
	r = volume_free(&d->volume);
	if (r < 0)
		return r;
	config_unset(c, unused);
	return conf_save(vmid, c);
}
