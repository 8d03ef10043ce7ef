// SPDX-License-Identifier: LGPL-2.1-or-later
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <limits.h>

#include "base/say.h"
#include "pct/interrupt.h"
#include "pct/root/unpack.h"

#define BLOCK (128 * 1024)

/* No file flags: an immutable file could not be removed again. */
#define HOW                                                                                        \
	(ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |                     \
	 ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_SPARSE |                    \
	 ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |                       \
	 ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS)

/* One run. */
struct run {
	const char *name; /* of the tar */
	const struct target *t;
	struct archive *in, *out;
	struct left_out left;
	size_t incomplete; /* entries of which something could not be set */
	char first[200];   /* what could not, of the first of them */
};

const char *unpack_path_wrong(const char *path)
{
	const char *p = path;

	if (!path || !*path)
		return "has no name";
	if (*path == '/')
		return "has an absolute path";
	if (strlen(path) >= PATH_MAX)
		return "has a path that is too long";
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return "leads out of the root by '..'";
		p += n + (p[n] == '/');
	}
	return NULL;
}

/* "." and "./": the root itself. */
static bool is_root(const char *path)
{
	return path[strspn(path, "./")] == '\0';
}

static const char *name_of(struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e);

	return name ? name : archive_entry_pathname_utf8(e);
}

static const char *wrong_with(struct archive_entry *e)
{
	const char *link = archive_entry_hardlink(e);
	const char *why = unpack_path_wrong(name_of(e));

	if (!why && is_root(name_of(e)) && (link || archive_entry_filetype(e) != AE_IFDIR))
		return "would replace the root itself";
	if (!why && link && unpack_path_wrong(link))
		return "is a hard link that leads out of the root";
	return why;
}

static int damaged(const struct run *u)
{
	const char *why = archive_error_string(u->in);

	return refuse(-EBADMSG, "template '%s' is damaged, or no tar (plain, gz, xz, zst, bz2): %s",
		      u->name, why ? why : "it ends too early");
}

static int refused(const struct run *u, struct archive_entry *e, const char *why)
{
	const char *name = name_of(e);

	return refuse(-EPERM, "template '%s' is refused: its entry '%.200s' %s", u->name,
		      name ? name : "", why);
}

static int cannot_write(const struct run *u, struct archive_entry *e)
{
	const char *why = archive_error_string(u->out);

	return refuse(-EIO, "unpack '%.200s' of template '%s': %s", name_of(e), u->name,
		      why ? why : "failed");
}

/* A warning of libarchive is about one attribute, not about the file. */
static void note(struct run *u, struct archive_entry *e)
{
	const char *why = archive_error_string(u->out);

	if (u->incomplete++ == 0)
		snprintf(u->first, sizeof(u->first), "'%.80s': %s", name_of(e), why ? why : "?");
}

static int copy_data(struct run *u, struct archive_entry *e)
{
	const void *block;
	size_t n;
	la_int64_t at;
	int r;

	while ((r = archive_read_data_block(u->in, &block, &n, &at)) == ARCHIVE_OK) {
		if (interrupted())
			return -EINTR;
		if (archive_write_data_block(u->out, block, n, at) < ARCHIVE_WARN)
			return cannot_write(u, e);
	}
	return r == ARCHIVE_EOF ? 0 : damaged(u);
}

static int put_entry(struct run *u, struct archive_entry *e)
{
	int r = archive_write_header(u->out, e);

	if (r < ARCHIVE_WARN)
		return cannot_write(u, e);
	if (r == ARCHIVE_WARN)
		note(u, e);
	if (archive_entry_size(e) > 0) {
		r = copy_data(u, e);
		if (r < 0)
			return r;
	}
	r = archive_write_finish_entry(u->out);
	if (r < ARCHIVE_WARN)
		return cannot_write(u, e);
	if (r == ARCHIVE_WARN)
		note(u, e);
	return 0;
}

static bool is_device(struct archive_entry *e)
{
	mode_t type = archive_entry_filetype(e);

	return !archive_entry_hardlink(e) && (type == AE_IFCHR || type == AE_IFBLK);
}

static int take_entry(struct run *u, struct archive_entry *e)
{
	const char *name = name_of(e), *why;

	if (!name || !*name)
		return refuse(-EBADMSG, "template '%s' is damaged, or no tar: an entry has no name",
			      u->name);
	why = wrong_with(e);
	if (why)
		return refused(u, e, why);
	if (archive_entry_filetype(e) == AE_IFSOCK)
		return 0;
	if (is_device(e) && u->t->unprivileged) {
		u->left.devices++;
		return 0;
	}
	why = entry_shift(e, u->t, &u->left);
	return why ? refused(u, e, why) : put_entry(u, e);
}

static int take_all(struct run *u)
{
	struct archive_entry *e;
	size_t count = 0;
	int r;

	while ((r = archive_read_next_header(u->in, &e)) != ARCHIVE_EOF) {
		if (interrupted())
			return -EINTR;
		/* A warning: the name is not in UTF-8. It is kept as its bytes. */
		if (r < ARCHIVE_WARN)
			return damaged(u);
		r = take_entry(u, e);
		if (r < 0)
			return r;
		count++;
	}
	if (archive_write_close(u->out) < ARCHIVE_WARN)
		return refuse(-EIO, "unpack template '%s': %s", u->name,
			      archive_error_string(u->out));
	if (count == 0)
		return refuse(-EBADMSG, "template '%s' is empty", u->name);
	return 0;
}

static void tell(const struct run *u)
{
	if (u->left.devices)
		info("left out of '%s': device nodes (%zu), an unprivileged container gets its own",
		     u->name, u->left.devices);
	if (u->left.attributes)
		info("left out of '%s': attributes and ACL entries (%zu) that only its old host "
		     "knew",
		     u->name, u->left.attributes);
	if (u->incomplete)
		warn(0, "%zu entries of '%s' are unpacked without all they have; first %s",
		     u->incomplete, u->name, u->first);
}

static int open_both(struct run *u, int fd)
{
	u->in = archive_read_new();
	u->out = archive_write_disk_new();
	if (!u->in || !u->out)
		return fail(-ENOMEM, "unpack template '%s'", u->name);
	archive_read_support_filter_gzip(u->in);
	archive_read_support_filter_bzip2(u->in);
	archive_read_support_filter_xz(u->in);
	archive_read_support_filter_zstd(u->in);
	archive_read_support_format_tar(u->in);
	archive_write_disk_set_options(u->out, HOW);
	return archive_read_open_fd(u->in, fd, BLOCK) == ARCHIVE_OK ? 0 : damaged(u);
}

int unpack(const char *name, int fd, const struct target *t)
{
	struct run u = { .name = name, .t = t };
	auto_fd back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	/* libarchive's checks are for paths below the working directory. */
	if (back < 0 || fchdir(t->root) < 0)
		return fail(-errno, "enter the new root");
	r = open_both(&u, fd);
	if (r == 0)
		r = take_all(&u);
	if (r == 0)
		tell(&u);
	archive_read_free(u.in);
	archive_write_free(u.out);
	if (fchdir(back) < 0 && r == 0)
		r = fail(-errno, "leave the new root");
	return r;
}
