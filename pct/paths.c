// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/paths.h"
#include "pct/step.h"

bool vmid_parse(const char *text, unsigned *vmid)
{
	unsigned v = 0;
	size_t n = strlen(text);

	if (n < 3 || n > 9 || text[0] == '0')
		return false;
	for (const char *p = text; *p; p++) {
		if (!isdigit((unsigned char)*p))
			return false;
		v = v * 10 + (unsigned)(*p - '0');
	}
	*vmid = v;
	return true;
}

int paths_init(void)
{
	const char *given = getenv("PCT_ROOT");
	auto_free char *root = NULL;
	size_t n;

	if (!given)
		return 0;
	n = strlen(given);
	while (n && given[n - 1] == '/')
		n--;
	if (n && given[0] != '/')
		return refuse(-EINVAL, "PCT_ROOT '%s' must be a path that begins with '/'", given);
	for (size_t i = 0; i < n; i++)
		if (iscntrl((unsigned char)given[i]))
			return refuse(-EINVAL, "PCT_ROOT must not hold control characters");
	if (n > PATH_MAX / 2)
		return refuse(-EINVAL, "PCT_ROOT is too long");
	root = text_of("%.*s", (int)n, given);
	return setenv("PCT_ROOT", root, 1) < 0 ? fail(-errno, "set PCT_ROOT") : 0;
}

const char *paths_root(void)
{
	const char *root = getenv("PCT_ROOT");

	return root ? root : "";
}

static char *format(const char *prefix, const char *fmt, va_list ap)
{
	char *text = NULL, *tail = NULL;

	if (vasprintf(&tail, fmt, ap) < 0 || asprintf(&text, "%s%s", prefix, tail) < 0) {
		say(SAY_ERR, -ENOMEM, "a path");
		exit(EXIT_FAILURE);
	}
	free(tail);
	return text;
}

char *path_to(const char *fmt, ...)
{
	auto_free char *prefix = text_of("%s/", paths_root());
	char *path;
	va_list ap;

	va_start(ap, fmt);
	path = format(prefix, fmt, ap);
	va_end(ap);
	return path;
}

char *text_of(const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = format("", fmt, ap);
	va_end(ap);
	return text;
}

int paths_tools(char **dir)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n < 0)
		return fail(-errno, "find where pct itself lies: read '/proc/self/exe'");
	path[n] = '\0';
	slash = strrchr(path, '/');
	*slash = '\0';
	*dir = text_of("%s", path);
	return 0;
}

int paths_make(const char *dir, unsigned mode)
{
	auto_free char *path = text_of("%s", dir);
	char *p = path;

	do {
		p = strchrnul(p + 1, '/');
		char was = *p;

		*p = '\0';
		if (access(path, F_OK) < 0 &&
		    (step("make a directory") < 0 || (mkdir(path, mode) < 0 && errno != EEXIST)))
			return fail(-errno, "make directory '%s'", path);
		*p = was;
	} while (*p);
	return 0;
}

int paths_note(const char *path)
{
	auto_free char *dir = text_of("%.*s", (int)(strrchr(path, '/') - path), path);
	auto_fd fd = -EBADF;
	int r = paths_make(dir, 0755);

	if (r < 0)
		return r;
	/* no step: what it is about is yet to be done */
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? fail(-errno, "write '%s'", path) : 0;
}

size_t paths_depth(const char *path)
{
	size_t n = 0;

	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		path += strcspn(path, "/");
		n++;
	}
	return n;
}

static const char *path_in(const char *thing, size_t offset)
{
	const char *path;

	memcpy(&path, thing + offset, sizeof(path));
	return path;
}

static void swap(char *a, char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		char c = *a;

		*a = *b;
		*b = c;
	}
}

void paths_sort(void *all, size_t n, size_t size, size_t offset)
{
	for (size_t i = 1; i < n; i++)
		for (char *p = (char *)all + i * size; p > (char *)all; p -= size) {
			if (paths_depth(path_in(p, offset)) >=
			    paths_depth(path_in(p - size, offset)))
				break;
			swap(p, p - size, size);
		}
}

bool paths_same(const char *a, const char *b)
{
	while (*a || *b) {
		size_t n, m;

		a += strspn(a, "/");
		b += strspn(b, "/");
		n = strcspn(a, "/");
		m = strcspn(b, "/");
		if (n != m || strncmp(a, b, n) != 0)
			return false;
		a += n;
		b += m;
	}
	return true;
}
