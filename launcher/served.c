// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/served.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "launcher/launch.h"
#include "launcher/mountinfo.h"

#define TYPE "fuse.pctfs"

bool served_is_name(const char *path)
{
	size_t n;

	for (const char *p = path; p; p = p[n] ? p + n + 1 : NULL) {
		n = strcspn(p, "/");
		if (n == 0 || n > NAME_MAX || (n == 1 && *p == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
	}
	return path && strlen(path) < PATH_MAX;
}

bool served_are_names(json_object *views)
{
	size_t n = json_object_is_type(views, json_type_array) ? json_object_array_length(views)
							       : SIZE_MAX;

	for (size_t i = 0; n <= SERVED_MAX && i < n; i++) {
		json_object *name = json_object_array_get_idx(views, i);

		/* As a text may have a NUL in it in JSON, and be another one then. */
		if (!json_object_is_type(name, json_type_string) ||
		    !served_is_name(json_object_get_string(name)) ||
		    strlen(json_object_get_string(name)) !=
			(size_t)json_object_get_string_len(name))
			return false;
	}
	return n <= SERVED_MAX;
}

const char *served_below(const char *mount, const char *root)
{
	size_t n = strlen(mount);

	if (strncmp(root, mount, n) != 0)
		return NULL;
	if (!root[n])
		return ".";
	return root[n] == '/' && served_is_name(root + n + 1) ? root + n + 1 : NULL;
}

int served_open(int at, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags | O_PATH | O_CLOEXEC | O_NOFOLLOW,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					   RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV };
	int fd = (int)syscall(SYS_openat2, at, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* Is it what pctfs mounted there, and not what lies below, or somebody else's? */
static int is_pctfs(int fd)
{
	auto_fd info = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	auto_mountinfo all = { 0 };
	const struct mount_row *row;
	struct statx st;
	int r = info < 0 ? -errno : mountinfo_read(info, &all);

	if (r == 0 && statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		r = -errno;
	if (r < 0)
		return r;
	row = mountinfo_find(&all, st.stx_mnt_id);
	return row && strcmp(row->type, TYPE) == 0 ? 0 : -ENODEV;
}

int served_root(const char *mount, const char *root)
{
	const char *below = served_below(mount, root);
	auto_fd top = -EBADF;
	int r;

	if (!below)
		return refuse(-EPERM, "pctfs names views at '%s', which is not in its mount '%s'",
			      root, mount);
	top = open(mount, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = top < 0 ? -errno : is_pctfs(top);
	if (r == 0)
		r = served_open(top, below, O_DIRECTORY);
	return r < 0 ? fail(r, "open the views at '%s'", root) : r;
}

int served_clone(int root, const char *path)
{
	auto_fd fd = served_open(root, path, 0);
	char name[16];

	if (fd < 0)
		return fail(fd, "open the view '%s'", path);
	snprintf(name, sizeof(name), "%d", fd);
	return clone_view("/proc/self/fd", name);
}
