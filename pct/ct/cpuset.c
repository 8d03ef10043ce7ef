// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/cpuset.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/base.h"
#include "pct/ct/limits.h"
#include "pct/paths.h"

/* A container may make cgroups in its own, and is not to keep us busy with it. */
#define DEPTH_MAX  32
#define GROUPS_MAX 4096

#define INNER "ns" /* lxc.cgroup.dir.container.inner */

int cpuset_read(int root, const char *path, struct cgv_cpuset *out)
{
	struct cgv_text text = { 0 };
	struct span span;
	int r = cgv_read_text(root, path, &text, &span);

	if (r == 0)
		r = cgv_cpuset_list(span, out);
	free(text.p);
	return r;
}

static int write_cpus(int dir, const struct cgv_cpuset *cpus)
{
	auto_free char *text = limits_cpus(cpus);
	auto_fd fd = openat(dir, "cpuset.cpus", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (!text)
		return -ENOMEM;
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

struct walk {
	struct cgv_cpuset old, next; /* of the container */
	unsigned groups;
};

static bool same(const struct cgv_cpuset *a, const struct cgv_cpuset *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Both of them, while some below have the one and some the other. */
static int widen(int dir, struct cgv_cpuset has, const struct walk *w)
{
	for (EACH_CPU(cpu, &w->next))
		cgv_cpuset_add(&has, cpu);
	return write_cpus(dir, &has);
}

/*
 * What was as wide as the container follows it; who was held to less, by the container itself,
 * keeps of it what there is.
 */
static int narrow(int dir, struct cgv_cpuset has, const struct walk *w, bool ours)
{
	bool follows = ours || same(&has, &w->old);

	cgv_cpuset_and(&has, &w->next);
	if (follows || !cgv_cpuset_count(&has))
		has = w->next;
	return write_cpus(dir, &has);
}

static int change(int at, const char *name, struct walk *w, int depth);

static int change_below(int dir, struct walk *w, int depth)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	while (list && r == 0 && (e = readdir(list)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			r = change(dir, e->d_name, w, depth + 1);
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	return r;
}

/* One that ended meanwhile is none. */
static int change(int at, const char *name, struct walk *w, int depth)
{
	auto_fd dir = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct cgv_cpuset has;
	bool ours;
	int r;

	if (depth > DEPTH_MAX || ++w->groups > GROUPS_MAX)
		return -E2BIG;
	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	ours = depth == 0 || (depth == 1 && strcmp(name, INNER) == 0);
	r = cpuset_read(dir, "cpuset.cpus", &has);
	if (r == 0)
		r = widen(dir, has, w);
	if (r == 0)
		r = change_below(dir, w, depth);
	if (r == 0)
		r = narrow(dir, has, w, ours);
	return depth && (r == -ENOENT || r == -ENODEV) ? 0 : r;
}

/*
 * What it sees is its inner cgroup; it has not the CPUs of the outer one if somebody was killed
 * between the two.
 */
static int read_inner(int root, const char *path, struct cgv_cpuset *out)
{
	auto_free char *inner = text_of("%s/" INNER "/cpuset.cpus", path);

	return cpuset_read(root, inner, out);
}

static int change_v1(int root, const char *path, const struct cgv_cpuset *next)
{
	struct walk w = { .next = *next }, back = { .old = *next };
	int r = read_inner(root, path, &w.old);

	if (r < 0)
		return r;
	back.next = w.old;
	r = change(root, path, &w, 0);
	if (r < 0)
		(void)change(root, path, &back, 0);
	return r;
}

bool cpuset_is(int root, const char *path, enum cgv_owner owner, const struct cgv_cpuset *cpus)
{
	auto_free char *outer = text_of("%s/cpuset.cpus", path);
	struct cgv_cpuset has;

	if (cpuset_read(root, outer, &has) < 0 || !same(&has, cpus))
		return false;
	return owner != CGV_V1 || (read_inner(root, path, &has) == 0 && same(&has, cpus));
}

static bool has_process(int at, const char *name, unsigned *left, int depth)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd procs = fd < 0 ? -EBADF : openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	char c;
	bool found = procs >= 0 && read(procs, &c, 1) == 1;

	while (list && !found && depth < DEPTH_MAX && *left && (e = readdir(list)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.') {
			(*left)--;
			found = has_process(fd, e->d_name, left, depth + 1);
		}
	if (list)
		closedir(list);
	return found;
}

bool cpuset_is_entered(int root, const char *path)
{
	auto_free char *inner = text_of("%s/" INNER, path);
	unsigned left = GROUPS_MAX;

	return has_process(root, inner, &left, 0);
}

int cpuset_write(int root, const char *path, enum cgv_owner owner, const struct cgv_cpuset *next)
{
	auto_fd dir = -EBADF;

	if (owner == CGV_V1)
		return change_v1(root, path, next);
	dir = openat(root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? -errno : write_cpus(dir, next);
}
