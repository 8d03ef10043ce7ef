// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * etc/pct/storage.cfg on the disk. It may be large or strange, but not endless.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/storage.h"

#define FILE_MAX (1 << 20)

static int read_all(int fd, char **text, size_t *n)
{
	auto_free char *buf = malloc(FILE_MAX + 1);
	ssize_t got = 1;
	size_t have = 0;

	if (!buf)
		return -ENOMEM;
	while (have <= FILE_MAX && (got = read(fd, buf + have, FILE_MAX + 1 - have)) > 0)
		have += (size_t)got;
	if (got < 0)
		return -errno;
	if (have > FILE_MAX)
		return -EFBIG;
	*text = take_ptr(buf);
	*n = have;
	return 0;
}

int storages_load(struct storages *out)
{
	auto_free char *path = path_to("etc/pct/storage.cfg");
	auto_free char *text = NULL;
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	int r = 0;

	if (fd < 0 && errno == ENOENT) {
		*out = (struct storages){ 0 };
		return 0;
	}
	if (fd < 0)
		return fail(-errno, "read '%s'", path);
	r = read_all(fd, &text, &n);
	if (r == 0)
		r = storages_parse(text, n, out);
	return r < 0 ? fail(r, "read '%s'", path) : 0;
}

int storages_lock(int *lock)
{
	auto_free char *dir = path_to("etc/pct");
	auto_fd fd = -EBADF;
	int r = paths_make(dir, 0755);

	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return fail(-errno, "lock '%s'", dir);
	*lock = take_fd(&fd);
	return 0;
}

static int put(const char *temp, const char *text, size_t n)
{
	auto_fd fd = -EBADF;

	/* no step: the new file is not in place yet */
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	for (size_t at = 0; fd >= 0 && at < n;) {
		ssize_t w = write(fd, text + at, n - at);

		if (w < 0 && errno != EINTR)
			return -errno;
		at += w > 0 ? (size_t)w : 0;
	}
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int storages_save(const struct storages *all)
{
	auto_free char *path = path_to("etc/pct/storage.cfg");
	auto_free char *temp = path_to("etc/pct/storage.cfg.new");
	auto_free char *dir = path_to("etc/pct");
	auto_fd at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *text = NULL;
	size_t n;
	int r = storages_write(all, &text, &n);

	if (r == 0)
		r = put(temp, text, n);
	if (r == 0 && (step("storage.cfg: put it in place") < 0 || rename(temp, path) < 0))
		r = -errno;
	if (r < 0) {
		(void)unlink(temp);
		return fail(r, "write '%s'", path);
	}
	if (at >= 0)
		(void)fsync(at);
	storages_forget();
	return 0;
}
