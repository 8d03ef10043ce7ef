// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>

#include "cgview/cgview.h"
#include "cgview/read.h"

int cgv_read_fd(int fd, char *buf, size_t size, struct span *text)
{
	size_t have = 0;
	ssize_t n;

	while (have < size) {
		n = pread(fd, buf + have, size - have, (off_t)have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) {
			*text = (struct span){ buf, buf + have };
			return 0;
		}
		have += (size_t)n;
	}
	return -E2BIG;
}

int cgv_read(int dir, const char *name, char *buf, size_t size, struct span *text)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : cgv_read_fd(fd, buf, size, text);
}

/* Texts that grow with the host: twice the room until it is enough. */
int cgv_read_text(int dir, const char *name, struct cgv_text *into, struct span *text)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	for (;;) {
		r = into->size ? cgv_read_fd(fd, into->p, into->size, text) : -E2BIG;
		if (r != -E2BIG)
			return r;
		r = cgv_text_reserve(into, into->size ? 2 * into->size : 16384);
		if (r < 0)
			return r;
	}
}

int cgv_text_reserve(struct cgv_text *t, size_t size)
{
	char *p;

	if (size <= t->size)
		return 0;
	if (size > CGV_TEXT_MAX)
		return -E2BIG;
	p = realloc(t->p, size);
	if (!p)
		return -ENOMEM;
	t->p = p;
	t->size = size;
	return 0;
}
