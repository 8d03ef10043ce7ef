// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The cgroups that liblxc makes for us, and what a killed monitor leaves of them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/hash.h"
#include "pct/ct/host.h"
#include "pct/paths.h"

#define PATIENCE_MS 500	  /* for what is about to leave a cgroup */
#define FREEZE_MS   10000 /* a process in the kernel is frozen when it comes out of there */

void cgroup_top(char top[CGROUP_TOP])
{
	if (*paths_root())
		snprintf(top, CGROUP_TOP, "pct-%08x", fnv32(paths_root()));
	else
		snprintf(top, CGROUP_TOP, "lxc");
}

int cgroups_open(const struct cgv_host *h, unsigned vmid, struct cgv_container **out)
{
	CLEANUP(cgv_place_free) struct cgv_place place = { 0 };
	char top[CGROUP_TOP];
	auto_free char *path = NULL;
	int r;

	cgroup_top(top);
	path = text_of("%s/%u", top, vmid);
	r = cgv_place_of_path(path, &place);
	return r < 0 ? r : cgv_container_open(h, &place, out);
}

/* liblxc's attach makes one called ".lxc". Only ever rmdir: the kernel refuses it for a cgroup that
 * anything is in. False: one was left. */
static bool remove_empty(int at, const char *name, int depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_type == DT_DIR && depth < 64 && strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			(void)remove_empty(fd, e->d_name, depth + 1);
	if (dir)
		closedir(dir);
	return unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

/*
 * @each for every hierarchy, as mounted with all of what there is of it here: a part of one that
 * is mounted somewhere is somebody else's. The first errno there is.
 */
static int hierarchies(int (*each)(int root, const char *path, const char *text), const char *path,
		       const char *text)
{
	auto_file mounts = fopen("/proc/self/mountinfo", "re");
	auto_free char *line = NULL;
	size_t size = 0;
	int first = mounts ? 0 : -errno;

	while (mounts && getline(&line, &size, mounts) > 0) {
		auto_free char *below = NULL, *at = NULL;
		const char *type = strstr(line, " - cgroup");
		auto_fd root = -EBADF;
		int r;

		if (!type || sscanf(line, "%*u %*u %*s %ms %ms", &below, &at) != 2 ||
		    strcmp(below, "/") != 0)
			continue;
		root = open(at, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = root < 0 ? 0 : each(root, path, text);
		first = first ? first : r;
	}
	return first;
}

static int remove_part(int root, const char *path, const char *text)
{
	(void)text;
	return remove_empty(root, path, 0) ? 0 : -EBUSY;
}

/* @path in every hierarchy; only it and what is below. False: some of it was left. */
static bool clean(const char *path)
{
	return hierarchies(remove_part, path, NULL) == 0;
}

void cgroups_clean(unsigned vmid)
{
	static const char *const parts[] = { "", ".monitor", ".monitor-pivot" };
	char top[CGROUP_TOP];

	cgroup_top(top);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		auto_free char *path = text_of("%s%s/%u", top, parts[i], vmid);

		/* The monitor of a start that failed says so before it is gone. */
		for (int ms = 0; !clean(path) && ms < PATIENCE_MS; ms += 10)
			nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
}

/* v1's cpusets take nobody in before they have CPUs. */
static void give_cpus(int root, int dir)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_fd from = openat(root, files[i], O_RDONLY | O_CLOEXEC);
		auto_fd to = openat(dir, files[i], O_WRONLY | O_CLOEXEC);
		char text[4096];
		ssize_t n = from < 0 || to < 0 ? 0 : read(from, text, sizeof(text));

		if (n > 0 && write(to, text, (size_t)n) < 0)
			return;
	}
}

static int join(int root, const char *name, const char *text)
{
	auto_fd dir = -EBADF, procs = -EBADF;

	(void)text;
	if (mkdirat(root, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	give_cpus(root, dir);
	procs = openat(dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	return procs < 0 || write(procs, "0", 1) < 0 ? -errno : 0;
}

int cgroups_leave_monitor(void)
{
	auto_free char *name = NULL;
	char top[CGROUP_TOP];

	cgroup_top(top);
	name = text_of("%s.start", top);
	return hierarchies(join, name, NULL);
}

/* 1: it is there, and takes it. */
static int write_text(int root, const char *path, const char *text)
{
	auto_fd fd = openat(root, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	return write(fd, text, strlen(text)) < 0 ? -errno : 1;
}

int cgroups_device(unsigned vmid, const char *file, const char *rule)
{
	char top[CGROUP_TOP];
	auto_free char *limit = NULL, *own = NULL;
	int r;

	cgroup_top(top);
	limit = text_of("%s/%u/%s", top, vmid, file);
	own = text_of("%s/%u/ns/%s", top, vmid, file);
	/* The inner one may have what the outer one has, and loses what that one loses. */
	r = hierarchies(write_text, limit, rule);
	return r <= 0 || strcmp(file, "devices.allow") != 0 ? r
							    : hierarchies(write_text, own, rule);
}

/* v1's freezer, or v2's own; on a hybrid host the first. */
static const struct {
	const char *file, *on, *off, *state, *frozen;
} freezers[] = {
	{ "freezer.state", "FROZEN", "THAWED", "freezer.state", "FROZEN" },
	{ "cgroup.freeze", "1", "0", "cgroup.events", "frozen 1" },
};

enum { NOT_THERE, IS_THAWED, IS_FROZEN };

static int look_frozen(int root, const char *path, const char *unused)
{
	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(freezers); i++) {
		auto_free char *name = text_of("%s/%s", path, freezers[i].state);
		auto_fd fd = openat(root, name, O_RDONLY | O_CLOEXEC);
		char text[256];
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

		if (n > 0 &&
		    memmem(text, (size_t)n, freezers[i].frozen, strlen(freezers[i].frozen)))
			return IS_FROZEN;
	}
	return NOT_THERE;
}

static int write_state(int root, const char *path, bool on)
{
	for (size_t i = 0; i < ARRAY_LEN(freezers); i++) {
		auto_free char *name = text_of("%s/%s", path, freezers[i].file);
		const char *word = on ? freezers[i].on : freezers[i].off;
		auto_fd fd = openat(root, name, O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		return write(fd, word, strlen(word)) < 0 ? -errno : IS_THAWED;
	}
	return NOT_THERE;
}

static int freeze(int root, const char *path, const char *unused)
{
	(void)unused;
	return write_state(root, path, true);
}

static int thaw(int root, const char *path, const char *unused)
{
	int r = write_state(root, path, false);

	(void)unused;
	return r < 0 ? r : 0;
}

static char *path_of(unsigned vmid)
{
	char top[CGROUP_TOP];

	cgroup_top(top);
	return text_of("%s/%u", top, vmid);
}

bool cgroups_frozen(unsigned vmid)
{
	auto_free char *path = path_of(vmid);

	return hierarchies(look_frozen, path, NULL) == IS_FROZEN;
}

int cgroups_freeze(unsigned vmid)
{
	auto_free char *path = path_of(vmid);
	int r = hierarchies(freeze, path, NULL);

	if (r < 0)
		return r;
	for (int ms = 0; r != NOT_THERE && ms < FREEZE_MS; ms += 10) {
		if (cgroups_frozen(vmid))
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	(void)hierarchies(thaw, path, NULL);
	return r == NOT_THERE ? -ENOENT : -ETIMEDOUT;
}

int cgroups_thaw(unsigned vmid)
{
	auto_free char *path = path_of(vmid);

	return hierarchies(thaw, path, NULL);
}

/* liblxc calls itself so; its hooks, and who started it, are in there too. */
static bool is_monitor(pid_t pid)
{
	static const char title[] = "[lxc monitor]";
	auto_free char *path = text_of("/proc/%d/cmdline", (int)pid);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[sizeof(title)];

	return fd >= 0 && read(fd, text, sizeof(text)) == (ssize_t)sizeof(text) &&
	       memcmp(text, title, sizeof(title) - 1) == 0;
}

static int find_monitor(int root, const char *path, const char *unused)
{
	auto_free char *name = text_of("%s/cgroup.procs", path);
	auto_fd fd = openat(root, name, O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	char *end;

	(void)unused;
	text[n > 0 ? n : 0] = '\0';
	for (char *p = text; *p; p = *end ? end + 1 : end) {
		pid_t pid = (pid_t)strtol(p, &end, 10);

		if (end == p)
			return 0;
		if (pid > 0 && is_monitor(pid))
			return pid;
	}
	return 0;
}

/* It leaves its cgroup for another one at its end. */
pid_t cgroups_monitor(unsigned vmid)
{
	static const char *const parts[][2] = { { "", "" },
						{ "-pivot", "" },
						{ "-pivot", "/lxc.pivot" } };
	char top[CGROUP_TOP];
	int r = 0;

	cgroup_top(top);
	for (size_t i = 0; i < ARRAY_LEN(parts) && r <= 0; i++) {
		auto_free char *path =
		    text_of("%s.monitor%s/%u%s", top, parts[i][0], vmid, parts[i][1]);

		r = hierarchies(find_monitor, path, NULL);
	}
	return r > 0 ? r : 0;
}

void cgroups_clean_top(void)
{
	static const char *const parts[] = { "", ".monitor", ".monitor-pivot", ".start" };
	char top[CGROUP_TOP];

	if (!*paths_root())
		return;
	cgroup_top(top);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		auto_free char *path = text_of("%s%s", top, parts[i]);

		(void)clean(path);
	}
}
