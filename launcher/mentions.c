// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/mentions.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/base.h"

#define INCLUDE	 "lxc.include"
#define DEPTH	 8	     /* of files that include others */
#define TEXT_MAX (64u << 10) /* of one file */

static bool in_path(const char *path, const char *word, int depth);

/* Blanks as liblxc takes them off a line, key and value. */
static const char *skip(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/*
 * What a line includes, when it is a plain one: "lxc.include = /a/path". Quotes, a path that
 * depends on where liblxc runs, and whatever else names it are for liblxc.
 */
static bool in_line(const char *line, const char *end, const char *word, int depth)
{
	const char *p = skip(line, end);
	char path[PATH_MAX];

	if (p == end || *p == '#' || !memmem(p, (size_t)(end - p), "include", strlen("include")))
		return false;
	if ((size_t)(end - p) < strlen(INCLUDE) || memcmp(p, INCLUDE, strlen(INCLUDE)) != 0)
		return true;
	p = skip(p + strlen(INCLUDE), end);
	if (p == end || *p++ != '=')
		return true;
	p = skip(p, end);
	while (end > p && strchr(" \t\r", end[-1]))
		end--;
	if (p == end || *p != '/' || end[-1] == '"' || end[-1] == '\'' ||
	    (size_t)(end - p) >= sizeof(path))
		return true;
	snprintf(path, sizeof(path), "%.*s", (int)(end - p), p);
	return in_path(path, word, depth + 1);
}

static bool in_file(int fd, const char *word, int depth)
{
	auto_free char *text = malloc(TEXT_MAX);
	size_t n = 0;
	ssize_t got = text ? 1 : -1;

	while (got > 0 && n < TEXT_MAX) {
		got = read(fd, text + n, TEXT_MAX - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (got != 0 || memchr(text, '\0', n) || memmem(text, n, word, strlen(word)))
		return true;
	for (const char *p = text, *end = text + n, *next; p < end; p = next + 1) {
		next = memchr(p, '\n', (size_t)(end - p));
		next = next ? next : end;
		if (in_line(p, next, word, depth))
			return true;
	}
	return false;
}

/* Of a folder liblxc takes what ends in ".conf". */
static bool is_taken(const char *name)
{
	size_t n = strlen(name);

	return n >= 5 && strcmp(name + n - 5, ".conf") == 0;
}

static bool in_folder(const char *path, const char *word, int depth)
{
	DIR *d = opendir(path);
	bool found = !d;
	struct dirent *e;

	while (!found && (e = readdir(d))) {
		char name[PATH_MAX];

		if (is_taken(e->d_name))
			found = (size_t)snprintf(name, sizeof(name), "%s/%s", path, e->d_name) >=
				    sizeof(name) ||
				in_path(name, word, depth + 1);
	}
	if (d)
		closedir(d);
	return found;
}

static bool in_path(const char *path, const char *word, int depth)
{
	auto_fd fd = -EBADF;
	struct stat st;

	if (depth > DEPTH)
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) /* LXC takes a folder that is not there for an empty one */
		return errno != ENOENT || depth == 0;
	if (fstat(fd, &st) < 0)
		return true;
	if (S_ISDIR(st.st_mode))
		return in_folder(path, word, depth);
	return !S_ISREG(st.st_mode) || in_file(fd, word, depth);
}

bool config_mentions(const char *path, const char *word)
{
	return in_path(path, word, 0);
}
