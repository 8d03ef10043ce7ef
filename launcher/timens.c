// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/timens.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/hash.h"
#include "base/say.h"
#include "launcher/beside.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define NSEC 1000000000L
#define TICK (NSEC / 100) /* of start times in /proc */

/* Of the time namespace we are in, to the host's. Without any the clock is the host's. */
static int boot_offset(struct timespec *out)
{
	auto_file f = fopen("/proc/self/timens_offsets", "re");
	char clock[16];
	long long s;
	long ns;

	*out = (struct timespec){ 0 };
	if (!f)
		return -errno;
	while (fscanf(f, "%15s %lld %ld", clock, &s, &ns) == 3)
		if (strcmp(clock, "boottime") == 0)
			*out = (struct timespec){ .tv_sec = s, .tv_nsec = ns };
	return 0;
}

/*
 * What takes the boot clock from its reading to a tick: the kernel counts from the host's clock.
 * Not to 0, as runc takes a process that was started at 0 for one whose start it does not know yet.
 */
static struct timespec to_start(struct timespec offset, struct timespec now)
{
	struct timespec t = { offset.tv_sec - now.tv_sec, offset.tv_nsec - now.tv_nsec + TICK };

	if (t.tv_nsec < 0) {
		t.tv_sec--;
		t.tv_nsec += NSEC;
	} else if (t.tv_nsec >= NSEC) {
		t.tv_sec++;
		t.tv_nsec -= NSEC;
	}
	return t;
}

static int write_offset(struct timespec t)
{
	auto_fd fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	char line[64];
	int n = snprintf(line, sizeof(line), "boottime %lld %ld\n", (long long)t.tv_sec, t.tv_nsec);

	if (fd < 0)
		return -errno;
	return write(fd, line, (size_t)n) == n ? 0 : -errno;
}

static int enter(const char *ns)
{
	auto_fd fd = open(ns, O_RDONLY | O_CLOEXEC);

	return fd < 0 || setns(fd, CLONE_NEWTIME) < 0 ? -errno : 0;
}

/*
 * To a new time namespace, or nowhere; *home is where it was. From Linux 6.1 on exec(2) would enter
 * it, before it does not: here it is done by hand.
 */
static int go(struct timespec offset, int *home)
{
	auto_fd here = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	int r = here < 0 || unshare(CLONE_NEWTIME) < 0 ? -errno : write_offset(offset);

	if (r == 0)
		r = enter("/proc/self/ns/time_for_children");
	if (r < 0 && here >= 0)
		(void)setns(here, CLONE_NEWTIME); /* children, too */
	if (r == 0)
		*home = take_fd(&here);
	return r;
}

int timens_make(int *home)
{
	struct timespec offset, now;
	int r = boot_offset(&offset);

	if (r == 0 && clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		r = -errno;
	if (r == 0)
		r = go(to_start(offset, now), home);
	return r < 0 ? fail(r, "make a time namespace: the container has the host's boot clock")
		     : 0;
}

int timens_back(int home)
{
	return setns(home, CLONE_NEWTIME) < 0 ? fail(-errno, "leave the new time namespace") : 0;
}

/* ---- records ---- */

#define RECORD "pct-clock"

/* Who was where: also the clock itself, should he be somewhere else by now. */
struct record {
	pid_t pid;
	unsigned long long ns;
	struct timespec offset;
};

static int record_file(const char *root, const char *id, char *path, size_t size)
{
	if (!*id || strchr(id, '/') || strcmp(id, ".") == 0 || strcmp(id, "..") == 0 ||
	    strlen(id) > NAME_MAX ||
	    (size_t)snprintf(path, size, "%s/%s/" RECORD, root, id) >= size)
		return -EINVAL;
	return 0;
}

static int namespace_of(pid_t pid, unsigned long long *out)
{
	char name[48];
	struct stat st;

	snprintf(name, sizeof(name), "/proc/%d/ns/time", pid);
	if (stat(name, &st) < 0)
		return -errno;
	*out = st.st_ino;
	return 0;
}

/* Whole or not at all: who reads half of it cannot find his container. */
static int write_record(const char *path, const char *line)
{
	char temporary[PATH_MAX + 16];
	size_t n = strlen(line);
	auto_fd fd = -EBADF;
	int r = 0;

	snprintf(temporary, sizeof(temporary), "%s.%d", path, getpid());
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	errno = EIO; /* of a write that was cut short */
	if (write(fd, line, n) != (ssize_t)n || rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(temporary);
	return r;
}

int timens_record(const char *root, const char *id, pid_t pid)
{
	char path[PATH_MAX], line[128];
	unsigned long long ns = 0;
	struct timespec offset;
	int r = record_file(root, id, path, sizeof(path));

	if (r == 0)
		r = namespace_of(pid, &ns);
	if (r == 0)
		r = boot_offset(&offset);
	if (r < 0)
		return fail(r, "find the time namespace of process %d", pid);
	/* The config was used once more, without us: its runtime finds it without a record. */
	if (offset.tv_sec == 0 && offset.tv_nsec == 0)
		return 0;
	snprintf(line, sizeof(line), "%d %llu %lld %ld\n", pid, ns, (long long)offset.tv_sec,
		 offset.tv_nsec);
	r = write_record(path, line);
	if (r == -ENOENT)
		return refuse(r,
			      "its runtime does not keep the container's state in '%s/%s': say "
			      "where by '--root' and an absolute path, or '--pct-no-time'",
			      root, id);
	return r < 0
		   ? fail(r, "write '%s', without which no command would find the container", path)
		   : 0;
}

static int read_record(const char *path, struct record *out)
{
	auto_fd fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct record rec;
	char line[128];
	long long s;
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (n < 0)
		return -errno;
	line[n] = '\0';
	if (sscanf(line, "%d %llu %lld %ld", &rec.pid, &rec.ns, &s, &rec.offset.tv_nsec) != 4 ||
	    rec.pid < 1 || line[n - 1] != '\n')
		return -EBADMSG;
	rec.offset.tv_sec = s;
	*out = rec;
	return 0;
}

/* The time namespace it is in. -ENOENT: it has ended; -ESTALE: it is in another, or someone else
 * is. */
static int open_recorded(const struct record *rec)
{
	auto_fd fd = -EBADF;
	struct stat st;
	char name[48];

	snprintf(name, sizeof(name), "/proc/%d/ns/time", rec->pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_ino == rec->ns ? take_fd(&fd) : -ESTALE;
}

bool timens_has(const char *root, const char *id)
{
	char path[PATH_MAX];

	return record_file(root, id, path, sizeof(path)) == 0 && access(path, F_OK) == 0;
}

int timens_join(const char *root, const char *id)
{
	char path[PATH_MAX];
	struct record rec;
	auto_fd fd = -EBADF;
	auto_fd home = -EBADF;
	int r = record_file(root, id, path, sizeof(path));

	if (r < 0)
		return 0; /* no id: for the runtime to say */
	r = read_record(path, &rec);
	if (r == -ENOENT || r == -ENOTDIR || r == -ENAMETOOLONG)
		return 0;
	if (r < 0)
		return fail(r,
			    "read the record '%s', without which a container that runs is taken "
			    "for stopped",
			    path);
	fd = open_recorded(&rec);
	if (fd == -ENOENT)
		return 0;
	/*
	 * A container can go to another time namespace, and a pid be another's by now. By a clock
	 * that reads the same the runtime sees for itself. -ERANGE: it would be of an earlier boot.
	 */
	r = fd < 0 ? go(rec.offset, &home) : setns(fd, CLONE_NEWTIME) < 0 ? -errno : 0;
	return r < 0 && r != -ERANGE ? fail(r, "enter the container's time namespace") : 0;
}

/* ---- names: links to records ---- */

#define HASH_LEN 9 /* of "%08x-" */

/* One runtime can keep containers of one name in different places. */
static int link_name(const char *folder, const char *root, const char *id, char *path, size_t size)
{
	return (size_t)snprintf(path, size, "%s/%08x-%s", folder, fnv32(root), id) >= size ? -EINVAL
											   : 0;
}

/* The folders above it are pctfs's as well: whoever comes first makes them. */
static int make_folders(const char *path)
{
	auto_free char *dir = strdup(path);

	for (char *p = dir ? strchr(dir + 1, '/') : NULL; p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return dir ? 0 : -ENOMEM;
}

void timens_folder(const char *socket, char *out, size_t size)
{
	if (beside(socket, "oci", out, size) < 0)
		*out = '\0';
}

void timens_name(const char *folder, const char *root, const char *id)
{
	char path[PATH_MAX], target[PATH_MAX];

	if (record_file(root, id, target, sizeof(target)) == 0 &&
	    link_name(folder, root, id, path, sizeof(path)) == 0 && make_folders(path) == 0) {
		(void)unlink(path);
		(void)!symlink(target, path);
	}
}

void timens_unname(const char *folder, const char *root, const char *id)
{
	char path[PATH_MAX];

	if (!strchr(id, '/') && link_name(folder, root, id, path, sizeof(path)) == 0)
		(void)unlink(path);
}

void timens_each(const char *socket, void (*found)(const char *id, pid_t pid, void *arg), void *arg)
{
	char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	struct dirent *e;
	DIR *d;

	timens_folder(socket, folder, sizeof(folder));
	d = opendir(folder);
	while (d && (e = readdir(d))) {
		auto_fd fd = -EBADF;
		struct record rec;

		if (strlen(e->d_name) <= HASH_LEN || e->d_name[HASH_LEN - 1] != '-')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		/* The runtime is done with the container, and nobody was there to be told. */
		if (access(path, F_OK) < 0 && errno == ENOENT)
			(void)unlink(path);
		if (read_record(path, &rec) < 0)
			continue;
		fd = open_recorded(&rec);
		if (fd >= 0)
			found(e->d_name + HASH_LEN, rec.pid, arg);
	}
	if (d)
		closedir(d);
}
