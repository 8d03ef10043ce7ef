// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/copy/copy.h"
#include "pct/interrupt.h"

#define CHUNK (256u << 10)

static int write_all(int to, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(to, p, n);

		if (done < 0 && errno == EINTR && !interrupted())
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Up to @most bytes from where both are; how many there were in @copied. */
static int copy_some(int from, int to, char *buf, uint64_t most, uint64_t *copied)
{
	*copied = 0;
	while (*copied < most) {
		ssize_t n = read(from, buf, MIN((uint64_t)CHUNK, most - *copied));
		int r;

		if (interrupted())
			return -EINTR;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		r = write_all(to, buf, (size_t)n);
		if (r < 0)
			return r;
		*copied += (uint64_t)n;
	}
	return 0;
}

/* A file system may say of holes what it likes: every turn must get further. */
static int copy_sparse(int from, int to, char *buf, off_t size)
{
	off_t at = 0, data, hole;
	uint64_t copied;
	int r;

	while (at < size) {
		data = lseek(from, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break; /* nothing but a hole */
		hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
		if (data < at || hole <= data) {
			data = at;
			hole = size;
		}
		if (data >= size)
			break;
		hole = MIN(hole, size);
		if (lseek(from, data, SEEK_SET) != data || lseek(to, data, SEEK_SET) != data)
			return -errno;
		r = copy_some(from, to, buf, (uint64_t)(hole - data), &copied);
		if (r < 0)
			return r;
		at = data + (off_t)copied;
		if (at < hole)
			return ftruncate(to, at) < 0 ? -errno : 0; /* it has become shorter */
	}
	return ftruncate(to, size) < 0 ? -errno : 0;
}

int copy_stream(int from, int to, uint64_t size)
{
	auto_free char *buf = malloc(CHUNK);
	uint64_t copied;

	return buf ? copy_some(from, to, buf, size ? size : UINT64_MAX, &copied) : -ENOMEM;
}

int copy_data(int from, int to, uint64_t size)
{
	auto_free char *buf = NULL;
	struct stat st;

	if (fstat(from, &st) < 0)
		return -errno;
	if (size == 0 || size > INT64_MAX || !S_ISREG(st.st_mode))
		return copy_stream(from, to, size);
	buf = malloc(CHUNK);
	return buf ? copy_sparse(from, to, buf, (off_t)size) : -ENOMEM;
}
