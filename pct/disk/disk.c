// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/cli/size.h"
#include "pct/conf/keys.h"
#include "pct/disk/disk.h"
#include "pct/paths.h"
#include "pct/storage/loop.h"

void disk_done(struct disk *d)
{
	properties_free(&d->is);
	free(d->path);
	volume_done(&d->volume);
	*d = (struct disk)DISK_NONE;
}

void disks_free(struct disks *d)
{
	for (size_t i = 0; i < d->n; i++)
		disk_done(&d->all[i]);
	free(d->all);
	*d = (struct disks)DISKS_NONE;
}

static const struct key *key_of(const char *text)
{
	const struct key *k = key_find(text);

	return k && (strcmp(k->option.name, "rootfs") == 0 || strcmp(k->option.name, "mp") == 0)
		   ? k
		   : NULL;
}

const char *form_disk(const char *text)
{
	return key_of(text) ? NULL : "'rootfs' or a mount point, as 'mp0'";
}

char *disk_name(unsigned vmid, const struct disk *d)
{
	return text_of("CT %u: %s", vmid, d->key);
}

/* An unused volume has no properties but itself. */
static int read_properties(const char *key, const char *value, struct properties *out)
{
	const struct key *k = key_of(key);

	if (!k)
		k = key_find("rootfs");
	return properties_read(&k->option, value, out);
}

static int read_disk(unsigned vmid, const char *key, const char *value, struct disk *out)
{
	auto_disk d = DISK_NONE;
	const char *path, *volume;
	int r;

	snprintf(d.key, sizeof(d.key), "%s", key);
	r = read_properties(key, value, &d.is);
	volume = r == 0 ? properties_get(&d.is, "volume") : NULL;
	if (!volume)
		return refuse(-EINVAL, "CT %u: its %s, '%s', names no volume", vmid, key, value);
	path = strcmp(key, "rootfs") == 0 ? "/" : key_of(key) ? properties_get(&d.is, "mp") : NULL;
	d.path = text_of("%s", path ? path : "");
	d.on_storage = volume_is_one(volume);
	if (d.on_storage)
		r = volume_find(vmid, key, volume, &d.volume);
	if (r < 0)
		return r;
	*out = d;
	d = (struct disk)DISK_NONE;
	return 0;
}

int disk_find(unsigned vmid, const struct config *c, const char *key, struct disk *out)
{
	const char *value = config_get(c, key);

	if (!value)
		return refuse(-ENOENT, "CT %u has no %s; 'pct config %u' shows what it has", vmid,
			      key, vmid);
	return read_disk(vmid, key, value, out);
}

int disk_find_own(unsigned vmid, const struct config *c, const char *key, struct disk *out)
{
	auto_disk d = DISK_NONE;
	int r = disk_find(vmid, c, key, &d);

	if (r < 0)
		return r;
	if (!d.on_storage)
		return refuse(-EINVAL, "CT %u: its %s is '%s' of the host, no volume", vmid, key,
			      properties_get(&d.is, "volume"));
	if (d.volume.owner != vmid)
		return refuse(-EPERM, "CT %u: its %s belongs to CT %u", vmid, key, d.volume.owner);
	*out = d;
	d = (struct disk)DISK_NONE;
	return 0;
}

static int add(unsigned vmid, const char *key, const char *value, struct disks *to)
{
	struct disk *grown = reallocarray(to->all, to->n + 1, sizeof(*grown));
	int r;

	if (!grown)
		return fail(-ENOMEM, "read the volumes of CT %u", vmid);
	to->all = grown;
	r = read_disk(vmid, key, value, &grown[to->n]);
	to->n += r == 0;
	return r;
}

int disks_read(unsigned vmid, const struct config *c, struct disks *out)
{
	const char *value = config_get(c, "rootfs");
	struct disks found = DISKS_NONE;
	int r = value ? add(vmid, "rootfs", value, &found) : 0;

	for (unsigned i = 0; i < key_find("mp0")->option.count; i++) {
		char key[OPTION_NAME];
		int one;

		snprintf(key, sizeof(key), "mp%u", i);
		value = config_get(c, key);
		one = value ? add(vmid, key, value, &found) : 0;
		if (one < 0)
			r = one;
	}
	*out = found;
	return r;
}

int disk_size(const struct disk *d, uint64_t *bytes)
{
	const char *size = properties_get(&d->is, "size");
	bool more;

	return size && size_wanted(size, &more, bytes) == 0 && *bytes ? 0 : -ENOENT;
}

int disk_set_size(struct disk *d, uint64_t bytes)
{
	char text[SIZE_TEXT];

	size_exact(bytes, text);
	return properties_set(&d->is, "size", text);
}

int disk_write(unsigned vmid, struct config *c, const struct disk *d)
{
	auto_free char *value = properties_write(&d->is);
	const char *volume = properties_get(&d->is, "volume");
	int r = value ? config_set(c, d->key, key_of(d->key) ? value : volume) : -ENOMEM;

	return r < 0 ? fail(r, "CT %u: write its %s", vmid, d->key) : 0;
}

int disk_mount(const struct disk *d, uint64_t attributes, int *fd)
{
	struct volume_how how = VOLUME_PLAIN;

	how.attributes = attributes;
	if (properties_bool(&d->is, "ro"))
		how.attributes |= MOUNT_ATTR_RDONLY;
	return volume_mount(&d->volume, NULL, &how, fd);
}

int disk_open_root(int tree, int *fd)
{
	auto_fd root = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return -errno;
	*fd = take_fd(&root);
	return 0;
}

int disk_is_used(const char *image)
{
	auto_fd fd = open(image, O_RDONLY | O_CLOEXEC | O_NONBLOCK), other = -EBADF;
	char name[LOOP_NAME];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(-errno, "open '%s'", image);
	if (S_ISREG(st.st_mode))
		return loop_find(fd, name, &other) == 0;
	if (!S_ISBLK(st.st_mode))
		return 0;
	other = open(image, O_RDONLY | O_EXCL | O_CLOEXEC);
	return other < 0 && errno == EBUSY;
}

bool disk_free_unused(const struct config *c, char *key)
{
	for (unsigned i = 0; i < key_find("unused0")->option.count; i++) {
		snprintf(key, OPTION_NAME, "unused%u", i);
		if (!config_get(c, key))
			return true;
	}
	return false;
}
