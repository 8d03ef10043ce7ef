// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What was copied takes its place: a file under a name of its own until all of it is there, so that
 * a copy which fails leaves what was there before. Below what the user named no link is followed.
 */
#include <fcntl.h>
#include <sys/random.h>

#include "base/say.h"
#include "pct/copy/copy.h"
#include "pct/paths.h"

#define LINKS 40

static int top(const struct put *p)
{
	return p->dir[p->depth];
}

/* The directory and the name in it. */
static int open_parent(int from, const char *path, int *dir, char leaf[NAME_MAX + 1])
{
	auto_free char *copy = strdup(path);
	char *slash;
	size_t n = copy ? strlen(copy) : 0;
	auto_fd fd = -EBADF;
	const char *name;

	if (!copy)
		return -ENOMEM;
	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EISDIR;
	memcpy(leaf, name, strlen(name) + 1);
	if (slash)
		slash[slash == copy] = '\0'; /* "/name" is in "/" */
	fd = openat(from, slash ? copy : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*dir = take_fd(&fd);
	return 0;
}

/* A link that the user named is where the file is to go; it may lead to nothing yet. */
static int follow(struct put *p)
{
	char target[PATH_MAX];

	for (int i = 0; i < LINKS; i++) {
		ssize_t n = readlinkat(p->dir[0], p->leaf, target, sizeof(target) - 1);
		int dir = -EBADF, r;

		if (n < 0)
			return errno == EINVAL || errno == ENOENT ? 0 : -errno;
		target[n] = '\0';
		r = open_parent(p->dir[0], target, &dir, p->leaf);
		if (r < 0)
			return r;
		close(p->dir[0]);
		p->dir[0] = dir;
	}
	return -ELOOP;
}

int put_begin(struct put *p, const struct copy_options *o, const char *path, const char *name)
{
	size_t n = strlen(path);
	int fd, r = 0;

	*p = (struct put){ .options = o, .first = true, .file = -EBADF };
	p->dir[0] = -EBADF;
	if (strlen(name) > NAME_MAX)
		return fail(-ENAMETOOLONG, "write '%s'", name);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		p->dir[0] = fd;
		memcpy(p->leaf, name, strlen(name) + 1);
	} else if (n && path[n - 1] == '/' && !o->recursive) {
		return fail(-errno, "find the directory '%s'", path);
	} else {
		r = open_parent(AT_FDCWD, path, &p->dir[0], p->leaf);
	}
	return r < 0 ? fail(r, "write '%s'", path) : 0;
}

void put_end(struct put *p)
{
	if (*p->temp)
		unlinkat(top(p), p->temp, 0);
	close_fd(&p->file);
	for (unsigned i = 0; i <= p->depth; i++)
		close_fd(&p->dir[i]);
}

static void make_temp(struct put *p)
{
	uint64_t random = 0;

	while (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		;
	snprintf(p->temp, sizeof(p->temp), ".pct-%016llx", (unsigned long long)random);
}

/* What is there under this name: nothing, or what may be replaced. */
static int look(struct put *p, const char *name)
{
	struct stat st;

	p->was = (struct stat){ 0 };
	if (fstatat(top(p), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(-errno, "write '%s'", name);
	if (S_ISDIR(st.st_mode))
		return refuse(-EISDIR, "'%s' is a directory there, and no file", name);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return refuse(-EEXIST, "'%s' is neither a file nor a link there; remove it first",
			      name);
	if (!S_ISREG(st.st_mode))
		return 0;
	/* That it can be replaced does not mean that it may be changed. */
	if (faccessat(top(p), name, W_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) < 0)
		return fail(-errno, "write '%s'", name);
	p->was = st;
	return 0;
}

static int begin_file(struct put *p, const char *name, int *fd)
{
	int r = p->first ? follow(p) : 0;

	if (r < 0)
		return fail(r, "follow the link '%s'", name);
	if (p->first)
		name = p->leaf;
	r = look(p, name);
	if (r < 0)
		return r;
	make_temp(p);
	p->file =
	    openat(top(p), p->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (p->file < 0) {
		*p->temp = '\0';
		return fail(-errno, "write '%s'", name);
	}
	*fd = p->file;
	return 0;
}

/* An owner that was there stays, and what is told is what is done. */
static void owner_of(const struct put *p, uid_t *uid, gid_t *gid)
{
	const struct copy_options *o = p->options;

	*uid = o->has_user ? o->user : p->was.st_nlink ? p->was.st_uid : (uid_t)-1;
	*gid = o->has_group ? o->group : p->was.st_nlink ? p->was.st_gid : (gid_t)-1;
}

static int finish_file(struct put *p, const struct copy_entry *e, const char *name)
{
	const struct copy_options *o = p->options;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, e->mtime };
	mode_t mode = o->has_perms	? o->perms
		      : p->was.st_nlink ? p->was.st_mode & 07777
					: e->mode & o->mask;
	uid_t uid;
	gid_t gid;

	owner_of(p, &uid, &gid);
	if (fchown(p->file, uid, gid) < 0)
		return fail(-errno, "set the owner of '%s'", name);
	if (fchmod(p->file, mode) < 0)
		return fail(-errno, "set the permissions of '%s'", name);
	if (futimens(p->file, times) < 0)
		return fail(-errno, "set the time of '%s'", name);
	if (renameat(top(p), p->temp, top(p), name) < 0)
		return fail(-errno, "write '%s'", name);
	*p->temp = '\0';
	return 0;
}

int put_filled(struct put *p, const struct copy_entry *e, int error)
{
	const char *name = p->first ? p->leaf : e->name;
	int r = error ? error : finish_file(p, e, name);

	/* Who was interrupted knows. */
	if (error && error != -EINTR)
		say(SAY_ERR, error, "copy '%s'", name);
	if (*p->temp)
		unlinkat(top(p), p->temp, 0);
	*p->temp = '\0';
	close_fd(&p->file);
	p->first = false;
	return r;
}

/* Who may read a file of it may search it. */
static mode_t dir_perms(mode_t perms)
{
	return perms | (perms & 0444) >> 2;
}

static int put_dir(struct put *p, const char *name)
{
	const struct copy_options *o = p->options;
	bool made = true;
	int fd;

	if (p->depth >= COPY_DEPTH)
		return fail(-ELOOP, "make the directory '%s'", name);
	if (*name && mkdirat(top(p), name, 0700) < 0) {
		if (errno != EEXIST)
			return fail(-errno, "make the directory '%s'", name);
		made = false;
	}
	fd = openat(top(p), *name ? name : ".",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return refuse(-ENOTDIR, "'%s' is there already, and no directory", name);
	if (fd < 0)
		return fail(-errno, "open the directory '%s'", name);
	p->dir[++p->depth] = fd;
	p->made[p->depth] = made && *name;
	/* One of another user is so from its beginning: nobody else gets at what is to come. */
	if ((o->has_user || o->has_group) && *name &&
	    fchown(fd, o->has_user ? o->user : (uid_t)-1, o->has_group ? o->group : (gid_t)-1) < 0)
		return fail(-errno, "set the owner of '%s'", name);
	return 0;
}

static int leave_dir(struct put *p, const struct copy_entry *e)
{
	const struct copy_options *o = p->options;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, e->mtime };
	bool made = p->made[p->depth];
	int fd = top(p), r = 0;

	if (p->depth == 0)
		return -EPROTO;
	if ((made || o->has_perms) &&
	    fchmod(fd, o->has_perms ? dir_perms(o->perms) : e->mode & o->mask) < 0)
		r = fail(-errno, "set the permissions of '%s'", e->name);
	if (r == 0 && made && futimens(fd, times) < 0)
		r = fail(-errno, "set the time of '%s'", e->name);
	close_fd(&p->dir[p->depth--]);
	return r;
}

static int put_link(struct put *p, const struct copy_entry *e, const char *name)
{
	const struct copy_options *o = p->options;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, e->mtime };
	int r = look(p, name);

	if (r < 0)
		return r;
	make_temp(p);
	if (symlinkat(e->target, top(p), p->temp) < 0) {
		*p->temp = '\0';
		return fail(-errno, "make the link '%s'", name);
	}
	if (fchownat(top(p), p->temp, o->has_user ? o->user : (uid_t)-1,
		     o->has_group ? o->group : (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(top(p), p->temp, times, AT_SYMLINK_NOFOLLOW) < 0 ||
	    renameat(top(p), p->temp, top(p), name) < 0) {
		r = fail(-errno, "make the link '%s'", name);
		unlinkat(top(p), p->temp, 0);
	}
	*p->temp = '\0';
	return r;
}

static bool is_component(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int put_entry(struct put *p, const struct copy_entry *e, int *fd)
{
	const char *name = p->first ? p->leaf : e->name;
	int r;

	*fd = -EBADF;
	if (!p->first && e->kind != COPY_UP && !is_component(name))
		return fail(-EPROTO, "take '%s' for a name", name);
	switch (e->kind) {
	case COPY_FILE:
		return begin_file(p, name, fd);
	case COPY_DIR:
		r = put_dir(p, name);
		break;
	case COPY_UP:
		return leave_dir(p, e);
	case COPY_LINK:
		r = put_link(p, e, name);
		break;
	default:
		return -EPROTO;
	}
	p->first = false;
	return r;
}
