// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The cgroups that liblxc makes for us, and what a killed monitor leaves of them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <sys/stat.h>
#include <time.h>

#include "pct/host.h"
#include "pct/paths.h"

#define PATIENCE_MS 500 /* for what is about to leave a cgroup */

void cgroup_top(char top[CGROUP_TOP])
{
	if (*paths_root())
		snprintf(top, CGROUP_TOP, "pct-%08x", fnv32(paths_root()));
	else
		snprintf(top, CGROUP_TOP, "lxc");
}

/* Only ever rmdir: the kernel refuses it for a cgroup that anything is in. False: one was left. */
static bool remove_empty(int at, const char *name, int depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && depth < 64)
			(void)remove_empty(fd, e->d_name, depth + 1);
	if (dir)
		closedir(dir);
	return unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

/* @path in every hierarchy; only it and what is below. False: some of it was left. */
static bool clean(const char *path)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent m;
	char buf[4096];
	bool all = true;

	while (mounts && getmntent_r(mounts, &m, buf, sizeof(buf))) {
		auto_fd root = -EBADF;

		if (strcmp(m.mnt_type, "cgroup") != 0 && strcmp(m.mnt_type, "cgroup2") != 0)
			continue;
		root = open(m.mnt_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root >= 0)
			all &= remove_empty(root, path, 0);
	}
	if (mounts)
		endmntent(mounts);
	return all;
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

static int join(int root, const char *name)
{
	auto_fd dir = -EBADF, procs = -EBADF;

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
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent m;
	char top[CGROUP_TOP], buf[4096];
	auto_free char *name = NULL;
	int r = mounts ? 0 : -errno;

	cgroup_top(top);
	name = text_of("%s.start", top);
	while (r == 0 && getmntent_r(mounts, &m, buf, sizeof(buf))) {
		auto_fd root = -EBADF;

		if (strcmp(m.mnt_type, "cgroup") != 0 && strcmp(m.mnt_type, "cgroup2") != 0)
			continue;
		root = open(m.mnt_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root >= 0)
			r = join(root, name);
	}
	if (mounts)
		endmntent(mounts);
	return r;
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
