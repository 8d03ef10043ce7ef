// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/image/store.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/cli/progress.h"
#include "pct/conf/site.h"
#include "pct/image/digest.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/root/tree.h"
#include "pct/step.h"

#define BLOCK	   (256 * 1024)
#define DAY	   86400
#define PARTS_DAYS 7 /* a download that nobody goes on with */

#define CACHE "var/lib/pct/images-cache"

static int make_dirs(void)
{
	static const char *const dirs[] = { "", "/names", "/blobs", "/parts" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++) {
		auto_free char *path = path_to(CACHE "%s", dirs[i]);

		/* Nobody but root reads what may become a set-user-ID program. */
		r = paths_make(path, i ? 0700 : 0755);
	}
	return r;
}

/* Released when closed. */
static int lock_cache(int *out)
{
	auto_free char *path = path_to(CACHE "/lock");
	auto_fd fd = -EBADF;
	int r = make_dirs();

	/* no step: an empty file */
	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(-errno, "open '%s'", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR || interrupted())
			return errno == EINTR ? -EINTR : fail(-errno, "lock '%s'", path);
	*out = take_fd(&fd);
	return 0;
}

static int sync_dir(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* ---- parts ---- */

static int open_part(const char *name, struct part *out)
{
	auto_free char *path = path_to(CACHE "/parts/%s", name);
	struct stat st, named;

	if (step("image: begin a part") < 0)
		return fail(-errno, "make '%s'", path);
	/* Somebody may have cleaned it away before it was locked. */
	for (int i = 0; i < 100; i++) {
		auto_fd fd =
		    open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

		if (fd < 0)
			return fail(-errno, "make '%s'", path);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return refuse(-EBUSY,
				      "another pct is about the same download; wait for it");
		if (fstat(fd, &st) == 0 && stat(path, &named) == 0 && st.st_ino == named.st_ino) {
			*out = (struct part){ take_fd(&fd), take_ptr(path), false };
			return 0;
		}
	}
	return fail(-EBUSY, "make '%s'", path);
}

int part_new(struct part *out)
{
	static unsigned count;
	auto_free char *name = text_of("new-%d-%u", getpid(), count++);
	int r = make_dirs();

	return r < 0 ? r : open_part(name, out);
}

int part_of(const char *key, struct part *out)
{
	char sum[SHA256_TEXT];
	int r = make_dirs();

	digest_of(key, strlen(key), sum);
	return r < 0 ? r : open_part(sum, out);
}

void part_close(struct part *p)
{
	/* no step: what stays is cleaned away */
	if (p->path && !p->kept)
		(void)unlink(p->path);
	close_fd(&p->fd);
	free(p->path);
	p->path = NULL;
}

int part_digest(const struct part *p, struct progress *progress, struct blob *out)
{
	auto_free char *block = malloc(BLOCK);
	struct sha256_ctx sum;
	struct blob b = { .size = 0 };
	ssize_t n;

	if (!block)
		return fail(-ENOMEM, "read '%s'", p->path);
	sha256_init(&sum);
	while ((n = pread(p->fd, block, BLOCK, (off_t)b.size)) > 0) {
		if (interrupted())
			return -EINTR;
		sha256_update(&sum, (size_t)n, (const uint8_t *)block);
		b.size += (size_t)n;
		progress_at(progress, b.size);
	}
	if (n < 0)
		return fail(-errno, "read '%s'", p->path);
	digest_text(&sum, b.sha256);
	*out = b;
	return 0;
}

/* ---- names and blobs ---- */

bool store_has(const char *sha256)
{
	auto_free char *path = path_to(CACHE "/blobs/%s", sha256);

	return access(path, F_OK) == 0;
}

static int put_blob(struct arrival *a)
{
	auto_free char *path = path_to(CACHE "/blobs/%s", a->blob.sha256);
	int r;

	if (access(path, F_OK) == 0)
		return 0;
	if (fsync(a->part->fd) < 0 || step("image: put a blob in place") < 0 ||
	    rename(a->part->path, path) < 0)
		return fail(-errno, "put '%s' in place", path);
	a->part->kept = true;
	r = fchmod(a->part->fd, 0400) < 0 ? -errno : 0;
	return r < 0 ? fail(r, "put '%s' in place", path) : 0;
}

/* A name is in place when all that it names is. */
static int put_name(const struct image *i)
{
	auto_free char *dir = path_to(CACHE "/names");
	auto_free char *path = text_of("%s/%s.json", dir, i->name);
	auto_free char *temp = text_of("%s/.%s.new", dir, i->name);
	json_object *o = image_json(i);
	auto_fd fd = -EBADF;
	const char *text;
	size_t n;
	int r = 0;

	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
						     JSON_C_TO_STRING_NOSLASHESCAPE);
	n = strlen(text);
	if (step("image: write its name") < 0 ||
	    (fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0 ||
	    write(fd, text, n) != (ssize_t)n || fsync(fd) < 0)
		r = fail(errno ? -errno : -EIO, "write the image '%s'", i->name);
	json_object_put(o);
	if (r == 0 && (step("image: put its name in place") < 0 || rename(temp, path) < 0))
		r = fail(-errno, "write the image '%s'", i->name);
	if (r < 0)
		(void)unlink(temp);
	return r < 0 || sync_dir(dir) == 0 ? r : fail(-EIO, "write the image '%s'", i->name);
}

int store_put(const struct image *i, struct arrival *arrivals, size_t n)
{
	auto_free char *blobs = path_to(CACHE "/blobs");
	auto_fd lock = -EBADF;
	int r = lock_cache(&lock);

	for (size_t k = 0; r == 0 && k < n; k++)
		r = put_blob(&arrivals[k]);
	if (r == 0 && sync_dir(blobs) < 0)
		r = fail(-EIO, "write '%s'", blobs);
	return r < 0 ? r : put_name(i);
}

int image_remove(const char *name)
{
	auto_free char *path = path_to(CACHE "/names/%s.json", name);
	auto_fd lock = -EBADF;
	int r;

	if (image_name_form(name) || access(path, F_OK) < 0)
		return refuse(-ENOENT,
			      "there is no image '%s'; 'pct image list' shows those there "
			      "are",
			      name);
	r = lock_cache(&lock);
	if (r < 0)
		return r;
	if (step("image: remove its name") < 0 || (unlink(path) < 0 && errno != ENOENT))
		return fail(-errno, "remove the image '%s'", name);
	close_fd(&lock);
	return store_clean();
}

/* ---- what nobody needs ---- */

static bool is_used(const char *sha256, const struct image *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < all[i].n_layers; k++)
			if (strcmp(all[i].layers[k].sha256, sha256) == 0)
				return true;
	return false;
}

/* Parts of those who ended without; a download waits some days to be gone on with. */
static void clean_part(int dir, const char *name)
{
	auto_fd fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	if (strncmp(name, "new-", 4) != 0 && time(NULL) - st.st_mtime < PARTS_DAYS * DAY)
		return;
	/* Locked, so that nobody begins with it meanwhile. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && step("image: remove a part of nobody") == 0)
		(void)unlinkat(dir, name, 0);
}

static void expire(struct image *all, size_t *n)
{
	int64_t days = (int64_t)site_number("image-expiry", 10), now = time(NULL);
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		auto_free char *path = path_to(CACHE "/names/%s.json", all[i].name);
		bool old = days && all[i].expires && now - all[i].used > days * DAY;

		if (old && step("image: one expires") == 0 && unlink(path) == 0) {
			info("the image '%s' was not used for %lld days and is removed",
			     all[i].name, (long long)((now - all[i].used) / DAY));
			image_free(&all[i]);
		} else {
			all[kept++] = all[i];
		}
	}
	*n = kept;
}

/* Of "names", "blobs" or "parts". */
static void clean_dir(const char *which, const struct image *all, size_t n)
{
	auto_free char *path = path_to(CACHE "/%s", which);
	auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char **names = NULL;
	size_t count = 0;

	if (dir < 0 || tree_names(dir, &names, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (*which == 'p')
			clean_part(dir, names[i]);
		else if ((*which == 'n' ? *names[i] == '.' : !is_used(names[i], all, n)) &&
			 step("image: remove what nobody names") == 0)
			(void)unlinkat(dir, names[i], 0);
		free(names[i]);
	}
}

int store_clean(void)
{
	struct image *all = NULL;
	auto_fd lock = -EBADF;
	size_t n = 0;
	int r = lock_cache(&lock), unread = 0;

	if (r == 0)
		unread = r = image_list(&all, &n);
	if (r < 0)
		return r;
	expire(all, &n);
	clean_dir("names", NULL, 0);
	/* What cannot be read may name any of them. */
	if (!unread)
		clean_dir("blobs", all, n);
	clean_dir("parts", NULL, 0);
	images_free(all, n);
	return 0;
}
