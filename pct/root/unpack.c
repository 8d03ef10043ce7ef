// SPDX-License-Identifier: LGPL-2.1-or-later
// Steps: take_entry() has one for each entry.
#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/cli/progress.h"
#include "pct/cli/size.h"
#include "pct/conf/site.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/root/feed.h"
#include "pct/root/layer.h"
#include "pct/root/put.h"
#include "pct/root/unpack.h"
#include "pct/step.h"

#define PAGE 4096u
/* Bytes that libarchive may read for a heading, an entry's names and attributes: it keeps them. */
#define HEADING_MAX (64u << 20)

/* One run. */
struct run {
	const char *name; /* of the tar */
	const struct target *t;
	struct archive *in;
	struct feed *feed;
	const char *feed_wrong;
	struct put put;
	struct layer layer;
	struct layer skipped; /* names that stayed out: links to them do, too */
	uint64_t since;	      /* bytes fed since libarchive answered */
	uint64_t entries, max_entries;
	uint64_t written, max_written;
	uint64_t before; /* files fed before this one, in bytes */
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

void unpack_path_clean(const char *path, char out[PATH_MAX])
{
	size_t have = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n && !(n == 1 && *path == '.')) {
			if (have)
				out[have++] = '/';
			memcpy(out + have, path, n);
			have += n;
		}
		path += n + (path[n] == '/');
	}
	out[have] = '\0';
}

static const char *name_of(struct archive_entry *e)
{
	const char *name = archive_entry_pathname(e);

	return name ? name : archive_entry_pathname_utf8(e);
}

static const char *link_of(struct archive_entry *e)
{
	const char *link = archive_entry_hardlink(e);

	return link ? link : archive_entry_hardlink_utf8(e);
}

static int damaged(const struct run *u)
{
	const char *why = u->feed_wrong ? u->feed_wrong : archive_error_string(u->in);

	return refuse(-EBADMSG, "template '%s' is damaged, or no tar (plain, gz, xz, zst, bz2): %s",
		      u->name, why ? why : "it ends too early");
}

static int refused(const struct run *u, struct archive_entry *e, const char *why)
{
	const char *name = name_of(e);

	return refuse(-EPERM, "template '%s' is refused: its entry '%.200s' %s", u->name,
		      name ? name : "", why);
}

static int cannot_put(const struct run *u, struct archive_entry *e, int err)
{
	static const struct {
		int err;
		const char *why;
	} whys[] = {
		{ -ELOOP, "leads through a symlink" },
		{ -EXDEV, "leads out of the root" },
		{ -EISDIR, "would replace a directory" },
		{ -ENOTDIR, "leads through what is no directory" },
		{ -ENAMETOOLONG, "has a path that is too long" },
	};

	for (size_t i = 0; i < ARRAY_LEN(whys); i++)
		if (whys[i].err == err)
			return refused(u, e, whys[i].why);
	return fail(err, "unpack '%.200s' of template '%s'", name_of(e), u->name);
}

static la_ssize_t feed_archive(struct archive *a, void *arg, const void **block)
{
	struct run *u = arg;
	ssize_t n = feed_next(u->feed, block);

	(void)a;
	if (n < 0)
		u->feed_wrong = feed_why(u->feed);
	u->since += n > 0 ? (size_t)n : 0;
	if (u->since > HEADING_MAX) {
		u->feed_wrong = "an entry's heading is longer than 64 MiB";
		return -1;
	}
	progress_at(u->t->progress, u->before + feed_at(u->feed));
	return n;
}

/* A page counts once, holes do not. */
static int count_written(struct run *u, uint64_t at, size_t n, uint64_t *counted)
{
	uint64_t first = at / PAGE, last = (at + n + PAGE - 1) / PAGE;

	if (first + 1 == *counted)
		first++;
	if (last > first)
		u->written += (last - first) * PAGE;
	*counted = last;
	if (u->written > u->max_written) {
		char size[SIZE_TEXT];

		size_exact(u->max_written, size);
		return refuse(-EFBIG,
			      "template '%s' is refused: it holds more than %s; there is the "
			      "volume's size, and unpack-max-size in '%s/etc/pct/pct.conf'",
			      u->name, size, paths_root());
	}
	return 0;
}

static int put_bytes(int fd, const char *bytes, size_t n, off_t at)
{
	while (n) {
		ssize_t put = pwrite(fd, bytes, n, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		bytes += put;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

/* Also what is not wanted is read here: libarchive would not be interrupted while it skips. */
static int copy_data(struct run *u, struct archive_entry *e, int file)
{
	uint64_t counted = 0;
	const void *block;
	la_int64_t at;
	size_t n;
	int r;

	while ((r = archive_read_data_block(u->in, &block, &n, &at)) == ARCHIVE_OK) {
		u->since = 0;
		if (interrupted())
			return -EINTR;
		r = file < 0 || n == 0 ? 0 : count_written(u, (uint64_t)at, n, &counted);
		if (r < 0)
			return r;
		r = file < 0 ? 0 : put_bytes(file, block, n, at);
		if (r < 0)
			return cannot_put(u, e, r);
	}
	if (r != ARCHIVE_EOF)
		return damaged(u);
	if (file >= 0 && ftruncate(file, archive_entry_size(e)) < 0)
		return cannot_put(u, e, -errno);
	return 0;
}

/* Gives a warning's weight to what is about one attribute, not about the file. */
static int finish(struct run *u, struct archive_entry *e, const char *name, int file)
{
	char why[sizeof(u->first) - 90] = "";
	int r = put_finish(&u->put, e, name, file, why, sizeof(why));

	if (r < 0)
		return cannot_put(u, e, r);
	if (r > 0 && u->incomplete++ == 0)
		snprintf(u->first, sizeof(u->first), "'%.80s': %s", name, why);
	return 0;
}

static int put_entry(struct run *u, struct archive_entry *e, const char *name)
{
	auto_fd file = -EBADF;
	int r;

	r = put_node(&u->put, e, name, &file);
	if (r < 0)
		return cannot_put(u, e, r);
	if (file >= 0) {
		r = copy_data(u, e, file);
		if (r < 0)
			return r;
	}
	return finish(u, e, name, file);
}

static int skip(struct run *u, const char *name)
{
	return layer_add(&u->skipped, name) < 0 ? fail(-ENOMEM, "unpack '%s'", u->name) : 0;
}

static int link_entry(struct run *u, struct archive_entry *e, const char *name)
{
	char to[PATH_MAX];
	int r;

	if (unpack_path_wrong(link_of(e)))
		return refused(u, e, "is a hard link that leads out of the root");
	unpack_path_clean(link_of(e), to);
	if (!*name || !*to)
		return refused(u, e, "would replace the root itself");
	r = put_hardlink(&u->put, name, to);
	if (r == -ENOENT && layer_has(&u->skipped, to))
		return skip(u, name);
	if (r == -ENOENT)
		return refused(u, e, "is a hard link to what is not there");
	if (r == -EISDIR)
		return refused(u, e, "is a hard link that has to do with a directory");
	return r < 0 ? cannot_put(u, e, r) : 0;
}

/* Sockets are nobody's without their process; 0:0 is no device, but overlayfs's "it is gone". */
static bool stays_out(const struct run *u, struct archive_entry *e)
{
	switch (archive_entry_filetype(e)) {
	case AE_IFSOCK:
		return true;
	case AE_IFCHR:
		return u->t->unprivileged && archive_entry_rdev(e) != 0;
	case AE_IFBLK:
		return u->t->unprivileged;
	default:
		return false;
	}
}

/* What a layer says of those below it. Positive: it was no entry, but this. */
static int whiteout(struct run *u, struct archive_entry *e, const char *name)
{
	auto_free char *gone = NULL;
	enum whiteout what = whiteout_of(name, &gone);

	if (what == WHITEOUT_WRONG)
		return refused(u, e, "says of no name that it is gone");
	if (what == WHITEOUT_NOT)
		return layer_add(&u->layer, name);
	return what == WHITEOUT_OTHER || layer_take_away(&u->layer, &u->put, what, gone) == 0
		   ? 1
		   : -EIO;
}

static int take_entry(struct run *u, struct archive_entry *e)
{
	const char *name = name_of(e), *why;
	char clean[PATH_MAX];
	int r;

	if (!name || !*name)
		return refuse(-EBADMSG, "template '%s' is damaged, or no tar: an entry has no name",
			      u->name);
	why = unpack_path_wrong(name);
	if (why)
		return refused(u, e, why);
	unpack_path_clean(name, clean);
	r = step_of_many("unpack: an entry");
	if (r < 0)
		return cannot_put(u, e, r);
	r = u->put.layered ? whiteout(u, e, clean) : 0;
	if (r)
		return r < 0 ? r : 0;
	if (link_of(e))
		return link_entry(u, e, clean);
	if (!*clean && archive_entry_filetype(e) != AE_IFDIR)
		return refused(u, e, "would replace the root itself");
	if (stays_out(u, e)) {
		u->left.devices += archive_entry_filetype(e) != AE_IFSOCK;
		return skip(u, clean);
	}
	why = entry_shift(e, u->t, &u->left);
	return why ? refused(u, e, why) : put_entry(u, e, clean);
}

static int next(struct run *u, struct archive_entry **e)
{
	int r;

	/* What its entry had no use for. */
	if (u->entries) {
		r = copy_data(u, *e, -1);
		if (r < 0)
			return r;
	}
	u->since = 0;
	r = archive_read_next_header(u->in, e);
	u->since = 0;
	if (interrupted())
		return -EINTR;
	if (r == ARCHIVE_EOF)
		return 0;
	/* A warning: the name is not in UTF-8. It is kept as its bytes. */
	return r < ARCHIVE_WARN ? damaged(u) : 1;
}

/* The last header it looked for began where the bytes ended, or there was the block of zeros. */
bool unpack_ended(struct archive *a)
{
	return archive_filter_bytes(a, 0) > archive_read_header_position(a);
}

static int take_all(struct run *u)
{
	struct archive_entry *e = NULL;
	int r;

	u->entries = 0;
	while ((r = next(u, &e)) > 0) {
		if (++u->entries > u->max_entries)
			return refuse(-E2BIG,
				      "template '%s' is refused: it has more than %llu entries; "
				      "unpack-max-entries in '%s/etc/pct/pct.conf' is the limit",
				      u->name, (unsigned long long)u->max_entries, paths_root());
		r = take_entry(u, e);
		if (r < 0)
			return r;
	}
	if (r == 0 && u->entries == 0)
		return refuse(-EBADMSG, "template '%s' is empty", u->name);
	/* A layer has a digest, and there are makers of those that leave the end out. */
	if (r == 0 && !u->put.layered && !unpack_ended(u->in))
		return refuse(-EBADMSG, "'%s' is damaged: it ends too early, without a tar's end",
			      u->name);
	return r;
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
	if (u->put.untimed)
		warn(0, "'%s' has so many directories that some have today's time", u->name);
}

static int take_file(struct run *u, int fd)
{
	int r;

	/* A pipe has only one beginning. */
	if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return fail(-errno, "read template '%s'", u->name);
	r = feed_open(fd, &u->feed);
	if (r < 0)
		return fail(r, "read template '%s'", u->name);
	u->in = archive_read_new();
	u->since = 0;
	if (!u->in) {
		r = fail(-ENOMEM, "unpack template '%s'", u->name);
	} else {
		archive_read_support_format_tar(u->in);
		archive_read_support_format_empty(u->in);
		r = archive_read_open(u->in, u, NULL, feed_archive, NULL) == ARCHIVE_OK
			? take_all(u)
			: damaged(u);
	}
	archive_read_free(u->in);
	feed_close(&u->feed);
	return r;
}

static uint64_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int take_files(struct run *u, const int *fds, size_t n)
{
	uint64_t total = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		total += size_of(fds[i]);
	progress_begin(u->t->progress, total, "unpack %s", u->name);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = take_file(u, fds[i]);
		layer_free(&u->layer);
		u->before += size_of(fds[i]);
	}
	layer_free(&u->skipped);
	put_close(&u->put);
	return progress_end(u->t->progress, r);
}

static int unpack_files(const char *name, const int *fds, size_t n, bool layered,
			const struct target *t)
{
	struct run u = {
		.name = name,
		.t = t,
		.put = { .root = t->root, .owner = t->shift, .layered = layered, .parent = -EBADF },
		.max_entries =
		    t->max_entries ? t->max_entries : site_number("unpack-max-entries", 4000000),
		.max_written = site_number("unpack-max-size", 256ull << 30),
	};
	int r;

	if (t->room)
		u.max_written = t->room;
	r = take_files(&u, fds, n);
	if (r == 0)
		tell(&u);
	return r;
}

int unpack(const char *name, int fd, const struct target *t)
{
	return unpack_files(name, &fd, 1, false, t);
}

int unpack_layers(const char *name, const int *fds, size_t n, const struct target *t)
{
	return unpack_files(name, fds, n, true, t);
}
