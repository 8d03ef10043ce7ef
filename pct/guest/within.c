// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/guest/within.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/guest/seat.h"
#include "pct/paths.h"

/* Of another than root the kernel takes what lets root write other's files: again. */
static void keep_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	(void)syscall(SYS_capset, &header, data);
}

static void become(uid_t uid, gid_t gid)
{
	if (geteuid() != 0)
		return;
	setfsgid(gid);
	setfsuid(uid);
	keep_capabilities();
}

int files_open(const char *who, int root, struct files *out)
{
	struct statvfs fs;
	struct stat st;

	if (fstat(root, &st) < 0 || fstatvfs(root, &fs) < 0)
		return -errno;
	*out = (struct files){ .who = who, .root = root, .uid = st.st_uid, .gid = st.st_gid };
	/* It is to be so: nobody wants to read that at every start. */
	out->over = fs.f_flag & ST_RDONLY;
	if (st.st_uid || st.st_gid)
		become(st.st_uid, st.st_gid);
	return 0;
}

void files_close(struct files *f)
{
	if (f->uid || f->gid)
		become(0, 0);
}

bool within_there(const struct files *f, const char *path)
{
	auto_fd fd = within_open(f->root, path, O_PATH);

	return fd >= 0;
}

bool within_is_link(const struct files *f, const char *path, char *to, size_t size)
{
	auto_seat s = SEAT_NONE;
	ssize_t n;

	if (seat_find(f, path, SEAT_LINK, &s) < 0)
		return false;
	n = readlinkat(s.dir, s.name, to, size - 1);
	to[n < 0 ? 0 : n] = '\0';
	return n >= 0;
}

bool within_links_to(const struct files *f, const char *path, const char *part)
{
	char to[PATH_MAX];

	return within_is_link(f, path, to, sizeof(to)) && strstr(to, part);
}

/* A failure, said, unless another was that has the same reason. */
static void failed(struct files *f, int err, const char *path)
{
	f->failed++;
	if (f->over)
		return;
	f->over = err == -EROFS || err == -ENOSPC || err == -EDQUOT;
	if (f->over)
		warn(err, "%s: write its /%s; its other files stay as they are, too", f->who, path);
	else if (err == -EISDIR || err == -EINVAL || err == -EFBIG || err == -ELOOP)
		warn(0, "%s: /%s is %s: it is left as it is", f->who, path,
		     err == -EFBIG    ? "larger than such a file is"
		     : err == -ELOOP  ? "a link that leads nowhere"
		     : err == -EISDIR ? "a directory"
				      : "not a file");
	else
		warn(err, "%s: its /%s is left as it is", f->who, path);
}

/* -ENOENT: none; else a negative errno, not said. */
static int read_seat(const struct seat *s, char **text, struct stat *st)
{
	auto_fd fd = -EBADF;
	size_t n = 0;
	ssize_t got = 0;
	char *buf;

	if (s->dir < 0)
		return -ENOENT;
	if (fstatat(s->dir, s->name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return S_ISDIR(st->st_mode) ? -EISDIR : -EINVAL;
	fd = within_open(s->dir, s->name, O_RDONLY | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, st) < 0)
		return fd < 0 ? fd : -errno;
	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	if (st->st_size > WITHIN_MAX)
		return -EFBIG;
	buf = malloc((size_t)st->st_size + 1);
	if (!buf)
		return -ENOMEM;
	while (n < (size_t)st->st_size && (got = read(fd, buf + n, (size_t)st->st_size - n)) > 0)
		n += (size_t)got;
	if (got < 0) {
		int r = -errno;

		free(buf);
		return r;
	}
	/* One with such bytes is none that we know how to write. */
	if (memchr(buf, '\0', n)) {
		free(buf);
		return -EBADMSG;
	}
	buf[n] = '\0';
	*text = buf;
	return 0;
}

char *within_read(struct files *f, const char *path)
{
	auto_seat s = SEAT_NONE;
	char *text = NULL;
	struct stat st;
	int r = seat_find(f, path, 0, &s);

	if (r == 0)
		r = read_seat(&s, &text, &st);
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		failed(f, r, path);
	return text;
}

static int fill(const struct files *f, const struct seat *s, const char *temp, const char *text,
		mode_t mode, const struct stat *old)
{
	auto_fd fd = within_open(s->dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
	uid_t uid = old ? old->st_uid : f->uid;
	gid_t gid = old ? old->st_gid : f->gid;
	size_t n = strlen(text);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 ||
	    ((st.st_uid != uid || st.st_gid != gid) && fchown(fd, uid, gid) < 0) ||
	    fchmod(fd, old ? old->st_mode & 07777 : mode) < 0)
		return -errno;
	errno = EIO;
	return write(fd, text, n) == (ssize_t)n ? 0 : -errno;
}

static int replace(const struct files *f, const struct seat *s, const char *text, mode_t mode,
		   const struct stat *old)
{
	auto_free char *temp = text_of(".%s.pct", s->name);
	bool mounted;
	int r;

	(void)unlinkat(s->dir, temp, 0);
	r = fill(f, s, temp, text, mode, old);
	if (r == 0 && renameat(s->dir, temp, s->dir, s->name) < 0)
		r = -errno;
	/* One that is mounted there: only its content can be another. */
	mounted = r == -EBUSY;
	if (mounted) {
		auto_fd there = within_open(s->dir, s->name, O_WRONLY | O_TRUNC | O_NOFOLLOW);
		ssize_t n = (ssize_t)strlen(text);

		r = there < 0 ? there : write(there, text, (size_t)n) == n ? 0 : -EIO;
	}
	if (r < 0 || mounted)
		(void)unlinkat(s->dir, temp, 0);
	/* Of that file alone, not of the file system it lies in. */
	return mounted && r == -EROFS ? -EBUSY : r;
}

/* @make is given what there is, "" if nothing, and says what there is to be; NULL: as it is. */
static void change(struct files *f, const char *path, mode_t mode,
		   char *(*make)(const char *old, const void *arg), const void *arg)
{
	auto_seat s = SEAT_NONE;
	auto_free char *old = NULL, *text = NULL;
	struct stat st;
	int r = f->over ? -EROFS : seat_find(f, path, SEAT_MAKE, &s);
	bool there = false;

	if (r == 0 && seat_ignored(&s))
		return;
	if (r == 0) {
		r = read_seat(&s, &old, &st);
		there = r == 0;
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0)
		text = make(there ? old : "", arg);
	if (r == 0 && (!text || (there && strcmp(old, text) == 0)))
		return;
	if (r == 0 && !there && !f->over)
		r = seat_make(f, path, &s);
	if (r == 0)
		r = replace(f, &s, text, mode, there ? &st : NULL);
	if (r < 0)
		failed(f, r, path);
	else
		f->changed++;
}

static char *as_given(const char *old, const void *text)
{
	(void)old;
	return strdup(text);
}

void within_put(struct files *f, const char *path, const char *text, mode_t mode)
{
	change(f, path, mode, as_given, text);
}

struct block {
	const char *text;
	enum block_where where;
};

static char *with_block(const char *old, const void *arg)
{
	const struct block *b = arg;

	return !*old && !*b->text ? NULL : block_put(old, b->text, b->where);
}

void within_block(struct files *f, const char *path, const char *block, enum block_where where,
		  mode_t mode)
{
	change(f, path, mode, with_block, &(struct block){ block, where });
}

struct edit {
	char *(*edit)(const char *old, const void *arg);
	const void *arg;
	bool only_there;
};

static char *edited(const char *old, const void *arg)
{
	const struct edit *e = arg;

	return e->only_there && !*old ? NULL : e->edit(old, e->arg);
}

void within_edit(struct files *f, const char *path, char *(*edit)(const char *old, const void *arg),
		 const void *arg, unsigned mode)
{
	change(f, path, mode ? mode : 0644, edited, &(struct edit){ edit, arg, mode == 0 });
}

void within_link(struct files *f, const char *path, const char *to)
{
	auto_seat s = SEAT_NONE;
	auto_free char *temp = NULL;
	char now[PATH_MAX];
	struct stat st;
	int r = f->over ? -EROFS : seat_find(f, path, SEAT_MAKE | SEAT_LINK, &s);
	ssize_t n;

	if (r == 0 && seat_ignored(&s))
		return;
	if (r == 0)
		r = seat_make(f, path, &s);
	if (r == 0) {
		n = readlinkat(s.dir, s.name, now, sizeof(now) - 1);
		if (n >= 0 && (size_t)n == strlen(to) && memcmp(now, to, (size_t)n) == 0)
			return;
		temp = text_of(".%s.pct", s.name);
		(void)unlinkat(s.dir, temp, 0);
		if (symlinkat(to, s.dir, temp) < 0 ||
		    fstatat(s.dir, temp, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    ((st.st_uid != f->uid || st.st_gid != f->gid) &&
		     fchownat(s.dir, temp, f->uid, f->gid, AT_SYMLINK_NOFOLLOW) < 0) ||
		    renameat(s.dir, temp, s.dir, s.name) < 0) {
			r = -errno;
			(void)unlinkat(s.dir, temp, 0);
		}
	}
	if (r < 0)
		failed(f, r, path);
	else
		f->changed++;
}

void within_remove(struct files *f, const char *path)
{
	auto_seat s = SEAT_NONE;
	int r = f->over ? -EROFS : seat_find(f, path, SEAT_LINK, &s);

	if (r == 0 && seat_ignored(&s))
		return;
	if (r == 0 && unlinkat(s.dir, s.name, 0) < 0)
		r = -errno;
	if (r == 0)
		f->changed++;
	else if (r != -ENOENT && r != -ENOTDIR)
		failed(f, r, path);
}

void within_directory(struct files *f, const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	auto_seat s = SEAT_NONE;
	struct stat st;
	int r;

	if (f->over || within_there(f, path))
		return;
	r = seat_find(f, path, SEAT_MAKE, &s);
	if (r == 0)
		r = seat_make(f, path, &s);
	if (r == 0 && mkdirat(s.dir, s.name, mode) < 0)
		r = -errno;
	if (r == 0 && (fstatat(s.dir, s.name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		       ((st.st_uid != uid || st.st_gid != gid) &&
			fchownat(s.dir, s.name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)))
		r = -errno;
	if (r < 0)
		failed(f, r, path);
	else
		f->changed++;
}

#define NAMES_MAX 1000 /* that many no system has in a directory of settings */

void within_each(struct files *f, const char *path,
		 void (*each)(struct files *f, const char *name, void *arg), void *arg)
{
	int fd = within_open(f->root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (int i = 0; i < NAMES_MAX && (e = readdir(dir)); i++)
		if (e->d_name[0] != '.')
			each(f, e->d_name, arg);
	closedir(dir);
}
