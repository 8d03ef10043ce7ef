// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An entry of a tar, made one of the container's.
 */
#include <archive_entry.h>
#include <endian.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/xattr.h>
#include <pwd.h>

#include "base/base.h"
#include "pct/ct/lxcconf.h"
#include "pct/root/unpack.h"

size_t capability_shift(const void *from, size_t n, uint32_t root, unsigned char to[24])
{
	struct vfs_ns_cap_data cap = { 0 };
	uint32_t magic;

	_Static_assert(sizeof(cap) == XATTR_CAPS_SZ_3, "as linux/capability.h has it");
	if (n != XATTR_CAPS_SZ_2 && n != XATTR_CAPS_SZ_3)
		return 0;
	memcpy(&cap, from, n);
	magic = le32toh(cap.magic_etc);
	if ((magic & VFS_CAP_REVISION_MASK) !=
	    (n == XATTR_CAPS_SZ_2 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3))
		return 0;
	/* One made inside a user namespace belongs to that one's root. */
	if (le32toh(cap.rootid) >= IDMAP_COUNT)
		return 0;
	cap.rootid = htole32(le32toh(cap.rootid) + root);
	cap.magic_etc = htole32((magic & ~VFS_CAP_REVISION_MASK) | VFS_CAP_REVISION_3);
	memcpy(to, &cap, sizeof(cap));
	return sizeof(cap);
}

struct attribute {
	char *name;
	void *value;
	size_t n;
};

static bool is_taken(const char *name)
{
	return strncmp(name, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN) == 0 ||
	       strcmp(name, XATTR_NAME_CAPS) == 0;
}

/* user.* and file capabilities; labels, overlay marks and the like are the old host's. */
static bool take_attribute(const char *name, const void *value, size_t n, const struct target *t,
			   struct attribute *out)
{
	unsigned char cap[24];

	if (!is_taken(name))
		return false;
	if (t->unprivileged && strcmp(name, XATTR_NAME_CAPS) == 0) {
		size_t made = capability_shift(value, n, t->shift, cap);

		if (made == 0)
			return false;
		/* Unshifted, one of version 2 is root's, whichever root the mount makes of it. */
		if (t->shift || n != XATTR_CAPS_SZ_2) {
			value = cap;
			n = made;
		}
	}
	out->name = strdup(name);
	out->value = malloc(n + 1);
	out->n = n;
	if (out->name && out->value)
		memcpy(out->value, value, n);
	return true;
}

static const char *shift_attributes(struct archive_entry *e, const struct target *t,
				    struct left_out *left)
{
	int count = archive_entry_xattr_reset(e), kept = 0;
	auto_free struct attribute *all = calloc((size_t)count + 1, sizeof(*all));
	const char *name, *wrong = all ? NULL : "takes more memory than there is";
	const void *value;
	size_t n;

	while (all && kept < count && archive_entry_xattr_next(e, &name, &value, &n) == 0) {
		if (!name || !take_attribute(name, value, n, t, &all[kept])) {
			left->attributes++;
			count--;
		} else {
			kept++;
		}
	}
	archive_entry_xattr_clear(e);
	for (int i = 0; i < kept; i++) {
		if (all[i].name && all[i].value)
			archive_entry_xattr_add_entry(e, all[i].name, all[i].value, all[i].n);
		else
			wrong = "takes more memory than there is";
		free(all[i].name);
		free(all[i].value);
	}
	return wrong;
}

struct acl {
	int type, permset, tag, id;
};

static bool names_somebody(const struct acl *a)
{
	return a->tag == ARCHIVE_ENTRY_ACL_USER || a->tag == ARCHIVE_ENTRY_ACL_GROUP;
}

/* GNU tar writes the names that the host had which made the backup. */
static int id_of(const struct acl *a, const char *name)
{
	const struct passwd *user;
	const struct group *group;

	if (a->id >= 0 || !name)
		return a->id;
	if (a->tag == ARCHIVE_ENTRY_ACL_USER)
		return (user = getpwnam(name)) ? (int)user->pw_uid : -1;
	return (group = getgrnam(name)) ? (int)group->gr_gid : -1;
}

/* Entries by name only are left out, where the name means nothing on this host. */
static const char *shift_acl(struct archive_entry *e, const struct target *t, struct left_out *left)
{
	const int kind = ARCHIVE_ENTRY_ACL_TYPE_POSIX1E;
	int count = archive_entry_acl_reset(e, kind), kept = 0;
	auto_free struct acl *all = calloc((size_t)count + 1, sizeof(*all));
	const char *name;

	if (!all)
		return "takes more memory than there is";
	while (kept < count) {
		struct acl *a = &all[kept];

		if (archive_entry_acl_next(e, kind, &a->type, &a->permset, &a->tag, &a->id, &name))
			break;
		if (names_somebody(a) && t->names)
			a->id = id_of(a, name);
		if (names_somebody(a) && a->id < 0) {
			left->attributes++;
			count--;
			continue;
		}
		if (names_somebody(a) && t->unprivileged && (unsigned)a->id >= IDMAP_COUNT)
			return "has an ACL for an id above 65535";
		if (names_somebody(a))
			a->id += (int)t->shift;
		kept++;
	}
	archive_entry_acl_clear(e);
	for (int i = 0; i < kept; i++)
		archive_entry_acl_add_entry(e, all[i].type, all[i].permset, all[i].tag, all[i].id,
					    NULL);
	return NULL;
}

const char *entry_shift(struct archive_entry *e, const struct target *t, struct left_out *out)
{
	const la_int64_t max = t->unprivileged ? IDMAP_COUNT - 1 : UINT32_MAX - 1;
	const char *wrong = NULL;

	if (archive_entry_uid(e) < 0 || archive_entry_uid(e) > max)
		return t->unprivileged ? "belongs to a user id above 65535"
				       : "belongs to no valid user id";
	if (archive_entry_gid(e) < 0 || archive_entry_gid(e) > max)
		return t->unprivileged ? "belongs to a group id above 65535"
				       : "belongs to no valid group id";
	archive_entry_set_uid(e, archive_entry_uid(e) + t->shift);
	archive_entry_set_gid(e, archive_entry_gid(e) + t->shift);
	archive_entry_set_uname(e, NULL);
	archive_entry_set_gname(e, NULL);
	if (archive_entry_xattr_count(e) > 0)
		wrong = shift_attributes(e, t, out);
	if (!wrong && archive_entry_acl_count(e, ARCHIVE_ENTRY_ACL_TYPE_POSIX1E) > 0)
		wrong = shift_acl(e, t, out);
	return wrong;
}
