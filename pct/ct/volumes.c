// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The volumes that a conf names: read, and mounted.
 */
#include "pct/ct/volumes.h"
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/conf/properties.h"
#include "pct/ct/apart.h"
#include "pct/ct/remap.h"
#include "pct/ct/target.h"
#include "pct/paths.h"
#include "pct/step.h"

void ct_volumes_free(struct ct_volume *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(all[i].path);
		volume_done(&all[i].v);
	}
	free(all);
}

void ct_volume_how(const struct properties *p, struct volume_how *out)
{
	static const struct {
		const char *word;
		uint64_t attribute;
	} words[] = {
		{ "nodev", MOUNT_ATTR_NODEV },
		{ "noexec", MOUNT_ATTR_NOEXEC },
		{ "nosuid", MOUNT_ATTR_NOSUID },
		{ "noatime", MOUNT_ATTR_NOATIME },
	};
	const char *list = properties_get(p, "mountoptions");
	struct volume_how how = VOLUME_PLAIN;

	how.attributes = properties_bool(p, "ro") ? MOUNT_ATTR_RDONLY : 0;
	for (size_t n; list && *list; list += n + (list[n] == ';')) {
		n = strcspn(list, ";");
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (strlen(words[i].word) == n && strncmp(list, words[i].word, n) == 0)
				how.attributes |= words[i].attribute;
		how.discard |= n == 7 && strncmp(list, "discard", n) == 0;
		how.lazytime |= n == 8 && strncmp(list, "lazytime", n) == 0;
	}
	*out = how;
}

static int read_one(unsigned vmid, const char *key, const char *value, struct ct_volume *out)
{
	const struct key *k = key_find(key);
	auto_properties p = { 0 };
	const char *volume, *path;
	int r = properties_read(&k->option, value, &p);

	if (r < 0)
		return fail(r, "CT %u: %s: read '%s'", vmid, key, value);
	volume = properties_get(&p, "volume");
	path = strcmp(key, "rootfs") == 0 ? "/" : properties_get(&p, "mp");
	if (!volume || *volume == '/')
		return 0;
	if (!path)
		return refuse(-EINVAL, "CT %u: %s has no 'mp=', where it is in the container", vmid,
			      key);
	r = volume_find(vmid, key, volume, &out->v);
	if (r < 0)
		return r;
	snprintf(out->key, sizeof(out->key), "%s", key);
	out->path = text_of("%s", path);
	ct_volume_how(&p, &out->how);
	return 1;
}

int ct_volumes_read(unsigned vmid, const struct section *s, struct ct_volume **out, size_t *n)
{
	unsigned count = key_find("mp0")->option.count;
	struct ct_volume *all = calloc(count + 1, sizeof(*all));
	int r = all ? 0 : fail(-ENOMEM, "CT %u: read its volumes", vmid);

	*n = 0;
	for (unsigned i = 0; i <= count && r >= 0; i++) {
		char key[OPTION_NAME] = "rootfs";
		const char *value;

		if (i > 0)
			snprintf(key, sizeof(key), "mp%u", i - 1);
		value = section_get(s, key);
		r = value ? read_one(vmid, key, value, &all[*n]) : 0;
		*n += r > 0;
	}
	if (r < 0) {
		ct_volumes_free(all, all ? *n : 0);
		return r;
	}
	paths_sort(all, *n, sizeof(*all), offsetof(struct ct_volume, path));
	*out = all;
	return 0;
}

/* ---- ids ---- */

int ct_users(const struct idmap *ids, int *users)
{
	*users = -EBADF;
	return ids->n ? remap_ids(ids, false, users) : 0;
}

int ct_users_back(const struct idmap *ids, int *unshift)
{
	*unshift = -EBADF;
	return ids->n ? remap_ids(ids, true, unshift) : 0;
}

static int read_ids(unsigned vmid, const struct config *c, struct idmap **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return fail(-ENOMEM, "read the ids of CT %u", vmid);
	if (idmap_read(c, *out) < 0)
		return refuse(-EINVAL,
			      "CT %u: its lxc.idmap lines cannot be used: each is like "
			      "'u 0 100000 65536'",
			      vmid);
	return 0;
}

/* ---- the root it starts with ---- */

char *ct_rootfs_path(unsigned vmid)
{
	return path_to("var/lib/pct/lxc/%u/rootfs", vmid);
}

static int find_rootfs(unsigned vmid, const struct config *c, struct volume *out)
{
	const char *value = config_get(c, "rootfs");
	auto_volume v = VOLUME_NONE;

	if (!value || volume_peek(value, &v) < 0)
		return refuse(-EINVAL, "CT %u: its rootfs '%s' is on no storage pct knows", vmid,
			      value ? value : "");
	return volume_find(vmid, "rootfs", value, out);
}

int ct_rootfs_check(unsigned vmid, const struct config *c)
{
	auto_volume v = VOLUME_NONE;
	struct volume_info info;
	int r = find_rootfs(vmid, c, &v);

	if (r < 0)
		return r;
	r = volume_info(&v, &info);
	return r < 0 ? fail(r, "find the rootfs of CT %u, '%s:%s'", vmid, v.storage->id, v.name)
		     : 0;
}

/* Since its lxc.idmap lines were changed its root may be another one. */
static void warn_owner(unsigned vmid, const struct idmap *ids, int fd)
{
	uint32_t user = idmap_outside(ids, 'u', 0);
	struct stat st;

	if (ids->n && fstat(fd, &st) == 0 && st.st_uid != user)
		warn(0,
		     "CT %u: its files belong to user %u of the host, but its root is %u; change "
		     "their owners, or its lxc.idmap lines",
		     vmid, st.st_uid, user);
}

int ct_rootfs_open(unsigned vmid, const struct config *c, int *fd)
{
	auto_free struct idmap *ids = NULL;
	auto_properties p = { 0 };
	auto_volume v = VOLUME_NONE;
	auto_fd users = -EBADF;
	struct volume_how how;
	int r = find_rootfs(vmid, c, &v);

	if (r == 0)
		r = read_ids(vmid, c, &ids);
	if (r == 0)
		r = ct_users(ids, &users);
	if (r == 0 && properties_read(&key_find("rootfs")->option, config_get(c, "rootfs"), &p) < 0)
		r = fail(-ENOMEM, "CT %u: read its rootfs", vmid);
	if (r < 0)
		return r;
	ct_volume_how(&p, &how);
	how.users = users;
	r = volume_mount(&v, NULL, &how, fd);
	if (r == 0)
		warn_owner(vmid, ids, *fd);
	return r;
}

/* ---- all of them, for us ---- */

static struct apart away = APART_NONE;

static int own_mounts(unsigned vmid)
{
	int r = away.mounts < 0 ? apart_begin(&away) : 0;

	return r < 0 ? fail(r, "mount the volumes of CT %u", vmid) : 0;
}

int ct_volumes_leave(void)
{
	int r = apart_end(&away);

	return r < 0 ? fail(r, "leave the mounts of a container") : 0;
}

static int attach_root(unsigned vmid, int tree, int *root)
{
	auto_free char *path = ct_rootfs_path(vmid);
	int r = paths_make(path, 0755);

	if (r < 0)
		return r;
	/* no step: nobody else sees it */
	if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail(-errno, "mount the rootfs of CT %u", vmid);
	*root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *root < 0 ? fail(-errno, "open the rootfs of CT %u", vmid) : 0;
}

/* What is made in it for a volume belongs to its root. */
static int attach_below(unsigned vmid, const struct ct_volume *v, int tree, int root)
{
	auto_spot at = SPOT_NONE;
	int r = spot_find(root, v->path, true, !(v->how.attributes & MOUNT_ATTR_RDONLY), &at);

	/* no step: nobody else sees it */
	if (r == 0 &&
	    move_mount(tree, "", at.fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		r = -errno;
	if (r == -ELOOP)
		return refuse(r,
			      "CT %u: %s: '%s' in it is, or leads through, a symbolic link; give "
			      "the path it leads to",
			      vmid, v->key, v->path);
	return r < 0 ? fail(r, "CT %u: mount %s on '%s'", vmid, v->key, v->path) : 0;
}

static int attach(unsigned vmid, struct ct_volume *v, const char *snapshot, int *root)
{
	auto_fd tree = -EBADF;
	int r = volume_mount(&v->v, snapshot, &v->how, &tree);

	/* It has to be seen as it is then. */
	if (r == -EOPNOTSUPP) {
		v->how.unshift = -EBADF;
		r = volume_mount(&v->v, snapshot, &v->how, &tree);
	}
	if (r < 0)
		return r;
	return *root < 0 ? attach_root(vmid, tree, root) : attach_below(vmid, v, tree, *root);
}

static int attach_all(unsigned vmid, struct ct_volume *all, size_t n, const char *snapshot,
		      uint64_t attributes, int unshift, int *out)
{
	auto_fd root = -EBADF;
	int r = own_mounts(vmid);

	if (r == 0 && (n == 0 || strcmp(all[0].key, "rootfs") != 0))
		r = refuse(-EINVAL, "CT %u: its rootfs is on no storage pct knows", vmid);
	for (size_t i = 0; i < n && r == 0; i++) {
		all[i].how.attributes = attributes;
		all[i].how.unshift = unshift;
		all[i].how.probe = true;
		r = attach(vmid, &all[i], snapshot, &root);
	}
	if (r == 0)
		*out = take_fd(&root);
	return r;
}

int ct_volumes_mount(unsigned vmid, const struct config *c, const struct section *s,
		     const char *snapshot, uint64_t attributes, int *root)
{
	auto_free struct idmap *ids = NULL;
	auto_fd unshift = -EBADF;
	struct ct_volume *all;
	size_t n;
	int r = read_ids(vmid, c, &ids);

	if (r == 0)
		r = ct_users_back(ids, &unshift);
	if (r == 0)
		r = ct_volumes_read(vmid, s, &all, &n);
	if (r < 0)
		return r;
	r = attach_all(vmid, all, n, snapshot, attributes, unshift, root);
	ct_volumes_free(all, n);
	return r;
}
