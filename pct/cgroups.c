// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The cgroups that liblxc makes for us, and what a killed monitor leaves of them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
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

void cgroups_clean_top(void)
{
	static const char *const parts[] = { "", ".monitor", ".monitor-pivot" };
	char top[CGROUP_TOP];

	if (!*paths_root())
		return;
	cgroup_top(top);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		auto_free char *path = text_of("%s%s", top, parts[i]);

		(void)clean(path);
	}
}
