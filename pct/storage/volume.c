// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/say.h"
#include "pct/cli/option.h"
#include "pct/paths.h"
#include "pct/storage/mkfs.h"
#include "pct/storage/names.h"
#include "pct/storage/volume.h"

void volume_done(struct volume *v)
{
	free(v->name);
	*v = (struct volume)VOLUME_NONE;
}

/* "local:100/x,size=4G": its id and its name, to be freed. */
static bool split(const char *value, char **id, char **name)
{
	const char *end = strchrnul(value, ','), *colon = memchr(value, ':', (size_t)(end - value));

	if (strncmp(value, "volume=", 7) == 0)
		return split(value + 7, id, name);
	if (*value == '/' || !colon || colon == value || colon + 1 == end)
		return false;
	*id = text_of("%.*s", (int)(colon - value), value);
	*name = text_of("%.*s", (int)(end - colon - 1), colon + 1);
	return true;
}

bool volume_is_one(const char *value)
{
	auto_free char *id = NULL, *name = NULL;

	return split(value, &id, &name);
}

bool volume_is_new(const char *value, char **storage, uint64_t *bytes)
{
	auto_free char *id = NULL, *name = NULL;
	int64_t millionths;

	if (!split(value, &id, &name) || !option_number(name, &millionths) || millionths < 0 ||
	    millionths / NUMBER_SCALE >= 1 << 24)
		return false;
	/* Whole MiB, as Proxmox has them; but nothing that was asked for becomes nothing. */
	*bytes = (uint64_t)millionths * 1024 / NUMBER_SCALE;
	if (*bytes == 0 && millionths)
		*bytes = 1;
	*bytes <<= 20;
	*storage = take_ptr(id);
	return true;
}

bool volume_is_request(const char *value)
{
	auto_free char *storage = NULL;
	uint64_t bytes;
	int64_t n;

	return option_number(value, &n) || volume_is_new(value, &storage, &bytes);
}

int volume_peek(const char *value, struct volume *out)
{
	auto_free char *id = NULL, *name = NULL;
	const struct storages *all;
	struct volume_name v;
	int r;

	if (!split(value, &id, &name) || volume_name_read(name, &v) < 0)
		return -EINVAL;
	r = storages_get(&all);
	if (r < 0)
		return r;
	*out = (struct volume){ .storage = storages_find(all, id), .owner = v.owner };
	if (!out->storage)
		return -ENOENT;
	if (!out->storage->driver)
		return -EOPNOTSUPP;
	out->name = take_ptr(name);
	return 0;
}

int volume_read(const char *value, struct volume *out)
{
	auto_free char *id = NULL, *name = NULL;
	struct volume_name v;
	struct volume found = VOLUME_NONE;
	int r;

	if (!split(value, &id, &name) || volume_name_read(name, &v) < 0)
		return -EINVAL;
	r = storage_get(id, &found.storage);
	if (r < 0)
		return r;
	found.name = take_ptr(name);
	found.owner = v.owner;
	*out = found;
	return 0;
}

int volume_find(unsigned vmid, const char *key, const char *value, struct volume *out)
{
	int r = volume_read(value, out);

	if (r == -EINVAL)
		return refuse(r,
			      "CT %u: %s: '%.*s' is no volume, such as 'local:%u/vm-%u-disk-0.raw'",
			      vmid, key, (int)strcspn(value, ","), value, vmid, vmid);
	return r;
}

char *volume_id(const struct volume *v)
{
	return text_of("%s:%s", v->storage->id, v->name);
}

static int choose_format(const struct storage *s, struct volume_spec *spec)
{
	unsigned can = storage_features(s, NULL);
	bool dir = can & STORAGE_DIRECTORIES &&
		   (spec->bytes == 0 || can & STORAGE_QUOTA || !(can & STORAGE_IMAGES));

	if (!dir && spec->bytes == 0)
		return refuse(-EINVAL,
			      "storage '%s' of type '%s' has no directories: give the volume a "
			      "size, as '%s:4'",
			      s->id, s->type, s->id);
	spec->format = dir ? VOLUME_DIRECTORY : VOLUME_IMAGE;
	return 0;
}

int volume_alloc(const struct storage *s, struct volume_spec *spec, struct volume *out)
{
	auto_volume v = { .storage = s, .owner = spec->vmid };
	int r = choose_format(s, spec);

	if (!spec->fs)
		spec->fs = storage_option(s, "fs");
	if (r == 0)
		r = s->driver->alloc(s, spec, &v.name);
	if (r == 0 && spec->format == VOLUME_IMAGE) {
		r = mkfs_volume(&v, spec);
		if (r < 0)
			(void)volume_free(&v);
	}
	if (r < 0)
		return r;
	*out = v;
	v.name = NULL;
	return 0;
}

int volume_free(const struct volume *v)
{
	return v->storage->driver->free(v->storage, v->name);
}

int volume_where(const struct volume *v, const char *snapshot, char **path)
{
	return v->storage->driver->path(v->storage, v->name, snapshot, path);
}

int volume_info(const struct volume *v, struct volume_info *out)
{
	return v->storage->driver->look(v->storage, v->name, out);
}

unsigned volume_features(const struct volume *v)
{
	return storage_features(v->storage, v->name);
}

unsigned volume_shift(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid >= 65536 ? st.st_uid : 0;
}

int volume_usage(const struct volume *v, int fd, struct storage_usage *out)
{
	struct volume_info info;
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return -errno;
	out->total = (uint64_t)fs.f_blocks * fs.f_frsize;
	out->used = (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize;
	out->available = (uint64_t)fs.f_bavail * fs.f_frsize;
	/* A directory: what its file system has is not its own; its limit is. */
	if (volume_info(v, &info) == 0 && info.format == VOLUME_DIRECTORY && info.bytes) {
		out->total = info.bytes;
		out->used = info.used;
		out->available = info.bytes > info.used ? info.bytes - info.used : 0;
	}
	return 0;
}
