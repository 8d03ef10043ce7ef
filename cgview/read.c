// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>

#include "cgview/cgview.h"
#include "cgview/read.h"

/* Until @least bytes fewer than there was room for came: 1, or what nobody has room for. */
static int read_on(int fd, char *buf, size_t size, size_t least, struct span *text)
{
	size_t have = 0;

	while (have < size) {
		size_t room = size - have;
		ssize_t n = pread(fd, buf + have, room, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		have += (size_t)n;
		if (n == 0 || room - (size_t)n >= least) {
			*text = (struct span){ buf, buf + have };
			return 0;
		}
	}
	return -E2BIG;
}

/* The kernel makes such a text in one piece: if there is room left, there was no more. */
int cgv_read_fd(int fd, char *buf, size_t size, struct span *text)
{
	return read_on(fd, buf, size, 1, text);
}

int cgv_read(int dir, const char *name, char *buf, size_t size, struct span *text)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : cgv_read_fd(fd, buf, size, text);
}

/*
 * Texts that grow with the host, of which the kernel hands out a piece at a time: to the very end,
 * with twice the room until it is enough.
 */
int cgv_read_text(int dir, const char *name, struct cgv_text *into, struct span *text)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	for (;;) {
		r = into->size ? read_on(fd, into->p, into->size, SIZE_MAX, text) : -E2BIG;
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
