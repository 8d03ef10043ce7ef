// SPDX-License-Identifier: LGPL-2.1-or-later
// Steps: take_entry() has one for each entry.
/*
 * What an entry has beside its name and bytes. The order matters: a new owner takes set-user-ID
 * and capabilities away, a mode the ACL's mask, and all of them change nothing of the time.
 */
#include <archive_entry.h>
#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/base.h"
#include "pct/root/put.h"

#define ACL_MAX 1024 /* entries of one; a file system's block holds less */

/* As the kernel has an ACL in its attribute, linux/posix_acl_xattr.h. */
struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

static const struct {
	int tag;
	uint16_t kernel;
} tags[] = {
	{ ARCHIVE_ENTRY_ACL_USER_OBJ, 0x01 },  { ARCHIVE_ENTRY_ACL_USER, 0x02 },
	{ ARCHIVE_ENTRY_ACL_GROUP_OBJ, 0x04 }, { ARCHIVE_ENTRY_ACL_GROUP, 0x08 },
	{ ARCHIVE_ENTRY_ACL_MASK, 0x10 },      { ARCHIVE_ENTRY_ACL_OTHER, 0x20 },
};

static int by_tag(const void *a, const void *b)
{
	const struct acl_entry *x = a, *y = b;
	uint16_t s = le16toh(x->tag), t = le16toh(y->tag);
	uint32_t i = le32toh(x->id), k = le32toh(y->id);

	return s != t ? (s < t ? -1 : 1) : i == k ? 0 : i < k ? -1 : 1;
}

static int acl_take(struct archive_entry *e, int kind, struct acl_entry *out)
{
	int type, perms, tag, id, n = 0;
	const char *name;

	while (n < ACL_MAX &&
	       archive_entry_acl_next(e, kind, &type, &perms, &tag, &id, &name) == 0) {
		struct acl_entry *a = &out[n];

		a->tag = 0;
		for (size_t i = 0; i < ARRAY_LEN(tags); i++)
			if (tags[i].tag == tag)
				a->tag = htole16(tags[i].kernel);
		if (!a->tag)
			continue;
		a->perm = htole16((uint16_t)(perms & 7));
		a->id = htole32(tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP
				    ? (uint32_t)id
				    : UINT32_MAX);
		n++;
	}
	qsort(out, (size_t)n, sizeof(*out), by_tag);
	return n;
}

static int set_acl(struct archive_entry *e, int fd, int kind, const char *attribute)
{
	struct {
		uint32_t version;
		struct acl_entry entries[ACL_MAX];
	} acl = { .version = htole32(2) };
	int n = archive_entry_acl_reset(e, kind) > 0 ? acl_take(e, kind, acl.entries) : 0;

	return n && fsetxattr(fd, attribute, &acl,
			      sizeof(acl.version) + (size_t)n * sizeof(acl.entries[0]), 0) < 0
		   ? -errno
		   : 0;
}

/* What could not be set, and why. */
struct wrong {
	int n;
	char *why;
	size_t size;
};

static void wrong_with(struct wrong *w, int err, const char *what)
{
	if (err == 0)
		return;
	if (w->n++ == 0)
		snprintf(w->why, w->size, "%.80s: %s", what, strerror(-err));
}

/* What it has from the directory it was made in, and the archive does not say of it. */
static void disinherit(struct put *p, struct archive_entry *e, int fd)
{
	if (archive_entry_acl_count(e, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) > 0)
		p->inherits = true;
	else if (p->inherits && archive_entry_filetype(e) == AE_IFDIR)
		(void)fremovexattr(fd, "system.posix_acl_default");
	if (p->inherits)
		(void)fremovexattr(fd, "system.posix_acl_access");
}

static void set_attributes(struct archive_entry *e, int fd, struct wrong *w)
{
	const char *name;
	const void *value;
	size_t n;

	wrong_with(w, set_acl(e, fd, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access"),
		   "its ACL");
	if (archive_entry_filetype(e) == AE_IFDIR)
		wrong_with(
		    w, set_acl(e, fd, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default"),
		    "its default ACL");
	if (archive_entry_xattr_reset(e) == 0)
		return;
	while (archive_entry_xattr_next(e, &name, &value, &n) == 0)
		wrong_with(w, fsetxattr(fd, name, value, n, 0) < 0 ? -errno : 0, name);
}

static struct timespec time_of(struct archive_entry *e)
{
	return (struct timespec){ archive_entry_mtime(e), archive_entry_mtime_nsec(e) };
}

/* Of a link, a pipe, a device: it has no attributes, and is not opened. */
static int finish_node(struct put *p, struct archive_entry *e, int dir, const char *base)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of(e) };

	if (fchownat(dir, base, (uid_t)archive_entry_uid(e), (gid_t)archive_entry_gid(e),
		     AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (p->inherits && archive_entry_filetype(e) != AE_IFLNK) {
		auto_free char *path = NULL;

		if (asprintf(&path, "/proc/self/fd/%d/%s", dir, base) < 0)
			return -ENOMEM;
		(void)lremovexattr(path, "system.posix_acl_access");
	}
	if (archive_entry_filetype(e) != AE_IFLNK &&
	    fchmodat(dir, base, archive_entry_perm(e), 0) < 0)
		return -errno;
	if (archive_entry_mtime_is_set(e))
		(void)utimensat(dir, base, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int finish_open(struct put *p, struct archive_entry *e, const char *name, int fd,
		       struct wrong *w)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of(e) };

	if (fchown(fd, (uid_t)archive_entry_uid(e), (gid_t)archive_entry_gid(e)) < 0 ||
	    fchmod(fd, archive_entry_perm(e)) < 0)
		return -errno;
	disinherit(p, e, fd);
	set_attributes(e, fd, w);
	if (!archive_entry_mtime_is_set(e))
		return 0;
	if (archive_entry_filetype(e) == AE_IFDIR)
		put_time_later(p, name, &times[1]);
	else
		(void)futimens(fd, times);
	return 0;
}

int put_finish(struct put *p, struct archive_entry *e, const char *name, int file, char *why,
	       size_t size)
{
	struct wrong w = { .why = why, .size = size };
	auto_fd own = -EBADF;
	const char *base = ".";
	int dir = p->root, r = *name ? put_parent(p, name, &dir, &base) : 0;

	if (r < 0)
		return r;
	if (file < 0 && archive_entry_filetype(e) != AE_IFDIR)
		return finish_node(p, e, dir, base);
	if (file < 0) {
		own = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (own < 0)
			return -errno;
		file = own;
	}
	r = finish_open(p, e, name, file, &w);
	return r < 0 ? r : w.n;
}
