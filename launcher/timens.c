// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/timens.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/say.h"

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

/* From Linux 6.1 on exec(2) would enter it, before it does not: here it is done by hand. */
int timens_make(void)
{
	struct timespec offset, now;
	int r = boot_offset(&offset);

	if (r == 0 && (unshare(CLONE_NEWTIME) < 0 || clock_gettime(CLOCK_BOOTTIME, &now) < 0))
		r = -errno;
	if (r == 0)
		r = write_offset(to_start(offset, now));
	if (r == 0)
		r = enter("/proc/self/ns/time_for_children");
	return r < 0 ? fail(r, "make a time namespace: the container has the host's boot clock")
		     : 0;
}

/* FNV-1a: one runtime can keep containers of one name in different places. */
static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	while (*text)
		h = (h ^ (unsigned char)*text++) * 16777619u;
	return h;
}

#define HASH_LEN 9 /* of "%08x-" */

/* Of the records: beside pctfs's socket. */
static void folder_of(const char *socket, char *out, size_t size)
{
	const char *slash = strrchr(socket, '/');

	snprintf(out, size, "%.*s/oci", slash ? (int)(slash - socket) : 0, socket);
}

int timens_file(const char *socket, const char *root, const char *id, char *path, size_t size)
{
	char folder[PATH_MAX];

	folder_of(socket, folder, sizeof(folder));
	if (!*id || strchr(id, '/') || strcmp(id, ".") == 0 || strcmp(id, "..") == 0 ||
	    strlen(id) > NAME_MAX - 16)
		return -EINVAL;
	if ((size_t)snprintf(path, size, "%s/%08x-%s", folder, hash(root), id) >= size)
		return -EINVAL;
	return 0;
}

static int namespace_of(pid_t pid, ino_t *out)
{
	char name[48];
	struct stat st;

	snprintf(name, sizeof(name), "/proc/%d/ns/time", pid);
	if (stat(name, &st) < 0)
		return -errno;
	*out = st.st_ino;
	return 0;
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

static int write_record(const char *path, const char *line)
{
	size_t n = strlen(line);
	int r = make_folders(path);
	auto_fd fd = -EBADF;

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 || write(fd, line, n) != (ssize_t)n ? -errno : 0;
}

int timens_record(const char *path, pid_t pid)
{
	char line[64];
	ino_t ino = 0;
	int r = namespace_of(pid, &ino);

	if (r < 0)
		return fail(r, "find the time namespace of process %d", pid);
	snprintf(line, sizeof(line), "%d %llu\n", pid, (unsigned long long)ino);
	r = write_record(path, line);
	return r < 0
		   ? fail(r, "write '%s', without which no command would find the container", path)
		   : 0;
}

/* -ENOENT: there is none. */
static int read_record(const char *path, pid_t *pid, unsigned long long *ino)
{
	auto_fd fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char line[64];
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (n < 0)
		return -errno;
	line[n] = '\0';
	return sscanf(line, "%d %llu", pid, ino) == 2 ? 0 : -EBADMSG;
}

/* The time namespace it is in. -ENOENT: there is no record; -ESRCH: it has ended. */
static int open_recorded(const char *path, pid_t *pid)
{
	unsigned long long ino = 0;
	auto_fd fd = -EBADF;
	struct stat st;
	char name[48];
	int r = read_record(path, pid, &ino);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "/proc/%d/ns/time", *pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd < 0 || fstat(fd, &st) < 0 || st.st_ino != ino ? -ESRCH : take_fd(&fd);
}

int timens_join(const char *path)
{
	pid_t pid = 0;
	auto_fd fd = open_recorded(path, &pid);

	if (fd == -ENOENT || fd == -ESRCH)
		return 0;
	if (fd < 0)
		return fail(fd, "read the record '%s'", path);
	return setns(fd, CLONE_NEWTIME) < 0 ? fail(-errno, "enter the container's time namespace")
					    : 0;
}

void timens_each(const char *socket, void (*found)(const char *id, pid_t pid, void *arg), void *arg)
{
	char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	struct dirent *e;
	DIR *d;

	folder_of(socket, folder, sizeof(folder));
	d = opendir(folder);
	while (d && (e = readdir(d))) {
		auto_fd fd = -EBADF;
		pid_t pid;

		if (strlen(e->d_name) <= HASH_LEN || e->d_name[HASH_LEN - 1] != '-')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		fd = open_recorded(path, &pid);
		if (fd >= 0)
			found(e->d_name + HASH_LEN, pid, arg);
	}
	if (d)
		closedir(d);
}
