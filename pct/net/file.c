// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>

#include "base/base.h"
#include "pct/net/file.h"
#include "pct/paths.h"

#define MOST (1u << 20)

char *file_read(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *text = fd < 0 ? NULL : calloc(1, MOST + 1);
	size_t have = 0;
	ssize_t n = 0;

	while (text && have < MOST && (n = read(fd, text + have, MOST - have)) > 0)
		have += (size_t)n;
	return text && n >= 0 ? take_ptr(text) : NULL;
}

int file_replace(const char *path, const char *text)
{
	auto_free char *temp = text_of("%s.new", path);
	auto_fd fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	size_t left = strlen(text);

	for (ssize_t n; fd >= 0 && left; text += n, left -= (size_t)n) {
		n = write(fd, text, left);
		if (n < 0)
			return -errno;
	}
	return fd < 0 || fsync(fd) < 0 || rename(temp, path) < 0 ? -errno : 0;
}
