// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Owners, attributes, ACLs and capabilities of a file, as the container sees them.
 */
#include <endian.h>
#include <linux/capability.h>
#include <linux/xattr.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "pct/backup/pack.h"

#define OVERFLOW_ID 65534 /* what the kernel shows of an id that the container has not */

uint32_t idmap_inside(const struct idmap *m, char kind, uint32_t outside)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct idrange *r = &m->range[i];

		if (r->kind == kind && outside >= r->outside && outside - r->outside < r->count)
			return r->inside + (outside - r->outside);
	}
	return m->n ? IDMAP_NONE : outside;
}

size_t capability_inside(const void *from, size_t n, const struct idmap *ids, unsigned char to[24])
{
	struct vfs_ns_cap_data cap = { 0 };
	uint32_t magic, version, root;

	if (n != XATTR_CAPS_SZ_2 && n != XATTR_CAPS_SZ_3)
		return 0;
	memcpy(&cap, from, n);
	magic = le32toh(cap.magic_etc);
	version = magic & VFS_CAP_REVISION_MASK;
	if (version != (n == XATTR_CAPS_SZ_2 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3))
		return 0;
	/* Of version 2 are those of the host's root. */
	root = idmap_inside(ids, 'u', le32toh(cap.rootid));
	if (root == IDMAP_NONE)
		return 0;
	cap.rootid = htole32(root);
	magic &= ~VFS_CAP_REVISION_MASK;
	cap.magic_etc = htole32(magic | (root ? VFS_CAP_REVISION_3 : VFS_CAP_REVISION_2));
	memcpy(to, &cap, sizeof(cap));
	return root ? XATTR_CAPS_SZ_3 : XATTR_CAPS_SZ_2;
}

/* As the kernel hands it to programs: a version, then entries. */
struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

static const struct {
	uint16_t tag;
	char kind; /* of its id */
	int as;
} tags[] = {
	{ 0x01, 0, ARCHIVE_ENTRY_ACL_USER_OBJ },  { 0x02, 'u', ARCHIVE_ENTRY_ACL_USER },
	{ 0x04, 0, ARCHIVE_ENTRY_ACL_GROUP_OBJ }, { 0x08, 'g', ARCHIVE_ENTRY_ACL_GROUP },
	{ 0x10, 0, ARCHIVE_ENTRY_ACL_MASK },	  { 0x20, 0, ARCHIVE_ENTRY_ACL_OTHER },
};

static int add_acl(const struct acl_entry *a, int type, const struct idmap *ids,
		   struct archive_entry *e)
{
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		uint32_t id = le32toh(a->id);

		if (le16toh(a->tag) != tags[i].tag)
			continue;
		if (tags[i].kind)
			id = idmap_inside(ids, tags[i].kind, id);
		/* Whom the container does not know cannot be named there. */
		if (tags[i].kind && id == IDMAP_NONE)
			return 0;
		archive_entry_acl_add_entry(e, type, le16toh(a->perm) & 7, tags[i].as,
					    tags[i].kind ? (int)id : -1, NULL);
		return 0;
	}
	return -EINVAL;
}

int acl_read(const void *from, size_t n, int type, const struct idmap *ids, struct archive_entry *e)
{
	const char *p = from;
	uint32_t version;

	if (n < sizeof(version) || (n - sizeof(version)) % sizeof(struct acl_entry))
		return -EINVAL;
	memcpy(&version, p, sizeof(version));
	if (le32toh(version) != 2)
		return -EINVAL;
	for (size_t at = sizeof(version); at < n; at += sizeof(struct acl_entry)) {
		struct acl_entry a;

		memcpy(&a, p + at, sizeof(a));
		if (add_acl(&a, type, ids, e) < 0)
			return -EINVAL;
	}
	return 0;
}

/* 0; 1: not taken over. */
static int take_attribute(const char *name, const void *value, size_t n, const struct idmap *ids,
			  struct archive_entry *e)
{
	unsigned char cap[24];

	if (strcmp(name, "system.posix_acl_access") == 0)
		return acl_read(value, n, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, ids, e) < 0;
	if (strcmp(name, "system.posix_acl_default") == 0)
		return acl_read(value, n, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, ids, e) < 0;
	if (strcmp(name, XATTR_NAME_CAPS) == 0) {
		n = capability_inside(value, n, ids, cap);
		if (n == 0)
			return 1;
		value = cap;
	} else if (strncmp(name, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN) != 0) {
		return 0; /* labels and the like: the host's, not the container's */
	}
	archive_entry_xattr_add_entry(e, name, value, n);
	return 0;
}

/* By the descriptor's name in /proc: an O_PATH one has no other way to its attributes. */
static int read_attributes(const char *proc, const struct idmap *ids, struct archive_entry *e)
{
	ssize_t size = listxattr(proc, NULL, 0);
	auto_free char *names = NULL;
	int r = 0;

	if (size <= 0)
		return size < 0 && errno != EOPNOTSUPP && errno != EPERM;
	names = malloc((size_t)size + 1);
	size = names ? listxattr(proc, names, (size_t)size) : -1;
	if (size < 0)
		return 1;
	names[size] = '\0';
	for (char *name = names; name < names + size; name += strlen(name) + 1) {
		auto_free char *value = NULL;
		ssize_t n = getxattr(proc, name, NULL, 0);

		value = n < 0 ? NULL : malloc((size_t)n + 1);
		n = value ? getxattr(proc, name, value, (size_t)n) : -1;
		if (n < 0)
			r |= errno != ENODATA; /* of another user namespace, or gone by now */
		else
			r |= take_attribute(name, value, (size_t)n, ids, e);
	}
	return r;
}

static uint32_t inside_or_nobody(const struct idmap *ids, char kind, uint32_t id, int *odd)
{
	uint32_t own = idmap_inside(ids, kind, id);

	if (own != IDMAP_NONE)
		return own;
	*odd = 1;
	return OVERFLOW_ID;
}

int meta_read(int fd, const struct stat *st, const struct idmap *ids, struct archive_entry *e)
{
	char proc[32];
	int odd = 0;

	archive_entry_set_filetype(e, st->st_mode & S_IFMT);
	archive_entry_set_perm(e, st->st_mode & 07777);
	archive_entry_set_uid(e, inside_or_nobody(ids, 'u', st->st_uid, &odd));
	archive_entry_set_gid(e, inside_or_nobody(ids, 'g', st->st_gid, &odd));
	archive_entry_set_mtime(e, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	archive_entry_set_size(e, S_ISREG(st->st_mode) ? st->st_size : 0);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		archive_entry_set_rdevmajor(e, major(st->st_rdev));
		archive_entry_set_rdevminor(e, minor(st->st_rdev));
	}
	if (S_ISLNK(st->st_mode))
		return odd;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return read_attributes(proc, ids, e) | odd;
}
