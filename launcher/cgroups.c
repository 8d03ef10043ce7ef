// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/cgroups.h"

#include <fcntl.h>
#include <limits.h>

/* Is @word one of a list with commas? */
static bool has_word(const char *list, const char *word)
{
	size_t left = strcspn(list, ": \n");

	while (left) {
		size_t n = MIN(strcspn(list, ","), left);

		if (n == strlen(word) && strncmp(list, word, n) == 0)
			return true;
		n += n < left; /* the comma */
		list += n;
		left -= n;
	}
	return false;
}

static bool is_line_of(const char *line, int which)
{
	if (which == CGROUPS_V2)
		return strncmp(line, "0::", 3) == 0;
	return has_word(strchr(line, ':') + 1, "devices");
}

/* "5:cpu,devices:/lxc/100", "0::/lxc/100" */
int cgroups_path(const char *text, int which, char *out, size_t size)
{
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		const char *names = memchr(line, ':', n);
		const char *path =
		    names ? memchr(names + 1, ':', n - (size_t)(names + 1 - line)) : NULL;

		if (!path)
			return -EXDEV;
		if (is_line_of(line, which)) {
			n -= (size_t)(++path - line);
			/* "/../x": outside of what we see. */
			if (*path != '/' || strncmp(path, "/..", 3) == 0 || n >= size)
				return -EXDEV;
			memcpy(out, path, n);
			out[n] = '\0';
			return 0;
		}
		line += n + (line[n] == '\n');
	}
	return -ENOENT;
}

/* "36 35 0:31 / /sys/fs/cgroup/devices rw,nosuid shared:7 - cgroup cgroup rw,devices" */
bool cgroups_mounted(const char *line, int which, char *at, size_t size)
{
	const char *type = strstr(line, " - "), *options;
	char root[3], where[PATH_MAX];

	if (!type || sscanf(line, "%*u %*u %*s %2s %4095s", root, where) != 2 ||
	    strcmp(root, "/") != 0 || strlen(where) >= size)
		return false;
	type += 3;
	options = strchr(type, ' ');
	options = options ? strchr(options + 1, ' ') : NULL;
	if (!options)
		return false;
	if (which == CGROUPS_V1
		? strncmp(type, "cgroup ", 7) != 0 || !has_word(options + 1, "devices")
		: strncmp(type, "cgroup2 ", 8) != 0)
		return false;
	strcpy(at, where);
	return true;
}

static bool find_mount(int which, char *at, size_t size)
{
	auto_file f = fopen("/proc/self/mountinfo", "re");
	auto_free char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0)
		if (cgroups_mounted(line, which, at, size))
			return true;
	return false;
}

static int read_lines(int proc, char *text, size_t size)
{
	auto_fd fd = openat(proc, "cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0 || (size_t)n == size - 1)
		return n < 0 ? -errno : -EFBIG;
	text[n] = '\0';
	return 0;
}

int cgroups_open(int proc, int fds[N_CGROUPS])
{
	static const char *const files[] = { "tasks", "cgroup.procs" };
	auto_free char *text = malloc(4 * PATH_MAX);
	int r = text ? read_lines(proc, text, 4 * PATH_MAX) : -ENOMEM;

	for (int i = 0; i < N_CGROUPS; i++)
		fds[i] = -EBADF;
	for (int i = 0; i < N_CGROUPS && r == 0; i++) {
		char at[PATH_MAX], path[PATH_MAX], file[2 * PATH_MAX + 16];

		r = cgroups_path(text, i, path, sizeof(path));
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		if (r < 0 || !find_mount(i, at, sizeof(at)))
			return -EXDEV;
		snprintf(file, sizeof(file), "%s%s/%s", at, path, files[i]);
		fds[i] = open(file, O_WRONLY | O_CLOEXEC);
		r = MIN(fds[i], 0);
	}
	return r;
}

int cgroups_join(const int fds[N_CGROUPS])
{
	for (int i = 0; i < N_CGROUPS; i++)
		if (fds[i] >= 0 && write(fds[i], "0", 1) != 1)
			return -errno;
	return 0;
}
