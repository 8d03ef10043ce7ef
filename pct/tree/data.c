// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "base/base.h"
#include "pct/interrupt.h"
#include "pct/step.h"
#include "pct/tree/parts.h"

#define PIECE (8u << 20) /* between two looks at whether we are to end */
#define BLOCK (1u << 18)

static bool cannot(int err)
{
	return err == EXDEV || err == EOPNOTSUPP || err == ENOSYS || err == EINVAL ||
	       err == ENOTTY || err == ETXTBSY;
}

static int write_all(int to, const char *block, size_t n, off_t at)
{
	while (n) {
		ssize_t put = pwrite(to, block, n, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		block += put;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

/* By hand. < 0: -errno; else how much: 0 at its end. */
static ssize_t copy_block(int from, int to, off_t at, size_t n)
{
	static char block[BLOCK];
	ssize_t got;
	int r;

	do
		got = pread(from, block, MIN(n, sizeof(block)), at);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got < 0 ? -errno : 0;
	r = write_all(to, block, (size_t)got, at);
	return r < 0 ? r : got;
}

static ssize_t copy_piece(int from, int to, off_t at, size_t n, struct data_ways *ways)
{
	off64_t in = at, out = at;
	ssize_t got;

	/* no step: data_copy_file() has it */
	if (!ways->no_range) {
		got = copy_file_range(from, &in, to, &out, n, 0);
		if (got > 0)
			return got;
		if (got < 0 && !cannot(errno))
			return errno == EINTR ? -EAGAIN : -errno;
		/* It says 0 of some files that are not empty. */
		ways->no_range = got < 0;
	}
	return copy_block(from, to, at, n);
}

static int copy_range(int from, int to, off_t at, off_t end, struct data_ways *ways,
		      struct progress *p)
{
	while (at < end) {
		ssize_t n = copy_piece(from, to, at, (size_t)MIN(end - at, (off_t)PIECE), ways);

		if (interrupted())
			return -EINTR;
		if (n == -EAGAIN)
			continue;
		if (n < 0)
			return (int)n;
		if (n == 0)
			return 0; /* it became shorter */
		progress_add(p, (uint64_t)n);
		at += n;
	}
	return 0;
}

int data_copy_file(int from, int to, const struct stat *st, struct data_ways *ways,
		   struct progress *p)
{
	off_t at = 0, hole;
	int r = 0;

	if (st->st_size == 0)
		return 0;
	r = step_of_many("copy a tree: what is in a file");
	if (r < 0)
		return r;
	if (!ways->no_reflink) {
		if (ioctl(to, FICLONE, from) == 0) {
			progress_add(p, (uint64_t)st->st_blocks * 512);
			return 0;
		}
		if (!cannot(errno))
			return -errno;
		ways->no_reflink = errno != EINVAL;
	}
	while (r == 0 && at < st->st_size) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0 && errno == ENXIO)
			break; /* only a hole is left */
		hole = at < 0 ? -1 : lseek(from, at, SEEK_HOLE);
		if (at < 0)
			at = 0;
		if (hole < 0)
			hole = st->st_size; /* it knows no holes */
		r = copy_range(from, to, at, MIN(hole, st->st_size), ways, p);
		at = hole;
	}
	return r == 0 && ftruncate(to, st->st_size) < 0 ? -errno : r;
}
