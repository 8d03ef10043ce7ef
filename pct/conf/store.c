// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <nettle/sha1.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/conf/store.h"
#include "pct/paths.h"
#include "pct/step.h"

#define CONF_MAX (1u << 20)

static char *conf_path(unsigned vmid)
{
	return path_to("etc/pct/lxc/%u.conf", vmid);
}

bool conf_exists(unsigned vmid)
{
	auto_free char *path = conf_path(vmid);

	return access(path, F_OK) == 0;
}

static int read_all(int fd, char **text, size_t *n)
{
	auto_free char *buf = malloc(CONF_MAX + 1);
	size_t have = 0;
	ssize_t got;

	if (!buf)
		return -ENOMEM;
	while ((got = read(fd, buf + have, CONF_MAX + 1 - have)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		have += (size_t)got;
		if (have > CONF_MAX)
			return -EFBIG;
	}
	*text = take_ptr(buf);
	*n = have;
	return 0;
}

int conf_load(unsigned vmid, struct config *out)
{
	auto_free char *path = conf_path(vmid);
	auto_free char *text = NULL;
	/* Of a FIFO nobody would be there to write. */
	auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct config_odd odd;
	struct stat st;
	size_t n = 0;
	int r;

	if (fd < 0 && errno == ENOENT)
		return refuse(-ENOENT, "CT %u does not exist; 'pct list' shows those that do",
			      vmid);
	if (fd < 0)
		return fail(-errno, "read the config of CT %u, '%s'", vmid, path);
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		return refuse(-EINVAL, "the config of CT %u, '%s', is not a file", vmid, path);
	r = read_all(fd, &text, &n);
	if (r == 0)
		r = config_parse(text, n, out, &odd);
	if (r < 0)
		return fail(r, "read the config of CT %u, '%s'", vmid, path);
	if (odd.dropped)
		warn(0, "'%s' line %zu has control characters and is not used", path, odd.dropped);
	if (odd.line)
		warn(0, "'%s' line %zu is not 'key: value' and is not used", path, odd.line);
	return 0;
}

int conf_digest(unsigned vmid, char out[DIGEST_SIZE])
{
	auto_free char *path = conf_path(vmid);
	auto_free char *text = NULL;
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t sum[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha1;
	size_t n = 0;
	int r = fd < 0 ? -errno : read_all(fd, &text, &n);

	if (r < 0)
		return fail(r, "read the config of CT %u, '%s'", vmid, path);
	sha1_init(&sha1);
	sha1_update(&sha1, n, (const uint8_t *)text);
	sha1_digest(&sha1, sizeof(sum), sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

int conf_check_digest(unsigned vmid, const char *want)
{
	char digest[DIGEST_SIZE];
	int r = want ? conf_digest(vmid, digest) : 0;

	if (r == 0 && want && strcasecmp(want, digest) != 0)
		r = refuse(-ESTALE,
			   "CT %u: its config file was changed meanwhile; look at 'pct config %u' "
			   "and try again",
			   vmid, vmid);
	return r;
}

static int write_all(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t put = write(fd, text, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		text += put;
		n -= (size_t)put;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/*
 * Who may read the old one may read the new one. A new conf has the directory's group if that is
 * set-group-ID, and the group may read it: so an admin has others see the confs.
 */
static int keep_readers(int dir, const char *name, int fd)
{
	struct stat was;

	if (fstatat(dir, name, &was, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	/* no step: the new file is not in place yet */
	if (!S_ISREG(was.st_mode))
		return 0;
	return fchown(fd, (uid_t)-1, was.st_gid) < 0 || fchmod(fd, was.st_mode & 0664) < 0 ? -errno
											   : 0;
}

/* A new file beside the old one, on the disk, then in its place, then the directory on the disk. */
static int replace(int dir, const char *name, const char *text, size_t n)
{
	auto_free char *temp = text_of(".%s.new", name);
	auto_fd fd = -EBADF;
	int r;

	if (step("conf: write the new one") < 0 || (unlinkat(dir, temp, 0) < 0 && errno != ENOENT))
		return -errno;
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	r = keep_readers(dir, name, fd);
	if (r == 0)
		r = write_all(fd, text, n);
	if (r == 0 && (step("conf: put it in place") < 0 || renameat(dir, temp, dir, name) < 0))
		r = -errno;
	if (r < 0) {
		unlinkat(dir, temp, 0);
		return r;
	}
	return fsync(dir) < 0 ? -errno : 0;
}

int conf_save(unsigned vmid, const struct config *c)
{
	auto_free char *folder = path_to("etc/pct/lxc");
	auto_free char *name = text_of("%u.conf", vmid);
	auto_free char *text = NULL;
	auto_fd dir = -EBADF;
	size_t n;
	int r;

	r = paths_make(folder, 0755);
	if (r < 0)
		return r;
	r = config_write(c, &text, &n);
	if (r == 0 && n > CONF_MAX)
		r = -EFBIG;
	if (r < 0)
		return fail(r, "write the config of CT %u", vmid);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? -errno : replace(dir, name, text, n);
	return r < 0 ? fail(r, "write the config of CT %u, '%s/%s'", vmid, folder, name) : 0;
}

int conf_remove(unsigned vmid)
{
	auto_free char *path = conf_path(vmid);
	auto_free char *folder = path_to("etc/pct/lxc");
	auto_free char *temp = text_of("%s/.%u.conf.new", folder, vmid);
	auto_fd dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* What a save that was killed has left. */
	(void)unlink(temp);
	if (step("conf: remove it") < 0 || (unlink(path) < 0 && errno != ENOENT))
		return fail(-errno, "remove '%s'", path);
	if (dir >= 0)
		(void)fsync(dir);
	return 0;
}

static int ascending(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

/* "100.conf" */
static bool conf_name(const char *name, unsigned *vmid)
{
	const char *dot = strchr(name, '.');
	char id[16];

	if (!dot || strcmp(dot, ".conf") != 0 || (size_t)(dot - name) >= sizeof(id))
		return false;
	snprintf(id, sizeof(id), "%.*s", (int)(dot - name), name);
	return vmid_parse(id, vmid);
}

int conf_list(unsigned **vmids, size_t *n)
{
	auto_free char *folder = path_to("etc/pct/lxc");
	auto_free unsigned *all = NULL;
	size_t have = 0, room = 0;
	DIR *dir = opendir(folder);
	struct dirent *e;
	unsigned vmid;

	if (!dir && errno != ENOENT)
		return fail(-errno, "read '%s'", folder);
	while (dir && (e = readdir(dir))) {
		if (!conf_name(e->d_name, &vmid))
			continue;
		if (have == room) {
			unsigned *grown = reallocarray(all, room + 64, sizeof(*all));

			if (!grown) {
				closedir(dir);
				return fail(-ENOMEM, "read '%s'", folder);
			}
			all = grown;
			room += 64;
		}
		all[have++] = vmid;
	}
	if (dir)
		closedir(dir);
	if (have)
		qsort(all, have, sizeof(*all), ascending);
	*vmids = take_ptr(all);
	*n = have;
	return 0;
}

int conf_check_lock(unsigned vmid, const struct config *c, const char *why)
{
	const char *lock = config_get(c, "lock");

	if (!lock)
		return 0;
	if (strcmp(lock, "create") == 0)
		return refuse(-EBUSY,
			      "cannot %s CT %u: it was never finished (lock: create); "
			      "'pct destroy %u' removes what there is",
			      why, vmid, vmid);
	if (strcmp(lock, "rollback") == 0 || strncmp(lock, "snapshot", 8) == 0)
		return refuse(-EBUSY,
			      "cannot %s CT %u: a snapshot of it was interrupted (lock: %s); "
			      "'pct unlock %u' finishes or undoes that",
			      why, vmid, lock, vmid);
	if (strcmp(lock, "mounted") == 0)
		return refuse(-EBUSY,
			      "cannot %s CT %u: its files are mounted; 'pct unmount %u' first", why,
			      vmid, vmid);
	if (strcmp(lock, "disk") == 0)
		return refuse(
		    -EBUSY,
		    "cannot %s CT %u: it is locked (disk); if nothing copies or moves its "
		    "volumes any more, 'pct unlock %u', and 'pct rescan' finds what is left",
		    why, vmid, vmid);
	if (strcmp(lock, "destroyed") == 0)
		return refuse(-EBUSY,
			      "cannot %s CT %u: it is half removed (lock: destroyed); 'pct destroy "
			      "%u' removes the rest",
			      why, vmid, vmid);
	return refuse(-EBUSY,
		      "cannot %s CT %u: it is locked (%s); wait for that to end, or 'pct unlock "
		      "%u' if nobody is at it any more",
		      why, vmid, lock, vmid);
}
