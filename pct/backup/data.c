// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The data of a file into a tar, without its holes.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#include "base/say.h"
#include "pct/backup/pack.h"
#include "pct/interrupt.h"

#define BUFFER	  (256ull * 1024)
#define PIECES	  32768
#define ZEROS	  (1ull << 30)
#define SECOND_NS 1000000000ull

struct piece {
	uint64_t at, end;
};

/* Too many: the smallest holes become data, until at most half are left. */
static size_t merge(struct piece *all, size_t n, uint64_t *gap)
{
	size_t kept = n;

	while (kept > n / 2) {
		*gap *= 2;
		kept = 0;
		for (size_t i = 0; i < n; i++) {
			if (kept && all[i].at - all[kept - 1].end < *gap)
				all[kept - 1].end = all[i].end;
			else
				all[kept++] = all[i];
		}
		n = kept;
		if (*gap > 1ull << 62)
			break;
	}
	return kept;
}

int data_map(int fd, const struct stat *st, struct archive_entry *e)
{
	auto_free struct piece *all = NULL;
	uint64_t size = (uint64_t)st->st_size, gap = 4096;
	off_t at = 0, end;
	size_t n = 0;

	/* As many blocks as it is large: there is no hole worth a look. */
	if (st->st_size == 0 || (uint64_t)st->st_blocks * 512 >= size)
		return 0;
	all = malloc(PIECES * sizeof(*all));
	if (!all)
		return -ENOMEM;
	while ((uint64_t)at < size && (at = lseek(fd, at, SEEK_DATA)) >= 0 && (uint64_t)at < size) {
		end = lseek(fd, at, SEEK_HOLE);
		if (end <= at)
			return 0; /* this file system cannot tell */
		if (n == PIECES)
			n = merge(all, n, &gap);
		all[n].at = (uint64_t)at;
		all[n++].end = (uint64_t)end < size ? (uint64_t)end : size;
		at = end;
	}
	if (n == 1 && all[0].at == 0 && all[0].end == size)
		return 0;
	for (size_t i = 0; i < n; i++)
		archive_entry_sparse_add_entry(e, (la_int64_t)all[i].at,
					       (la_int64_t)(all[i].end - all[i].at));
	/* All of it is one: nothing, at its end, is what GNU tar writes of such, too. */
	if (n == 0)
		archive_entry_sparse_add_entry(e, st->st_size, 0);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* No faster than it may be. */
static void hold_back(struct pack *p, uint64_t n)
{
	uint64_t due, now;

	p->read += n;
	progress_add(p->progress, n);
	if (!p->limit)
		return;
	now = now_ns();
	if (!p->begun)
		p->begun = now;
	due = p->begun + (uint64_t)((double)p->read * 1e9 / (double)p->limit);
	if (due > now && !interrupted())
		nanosleep(&(struct timespec){ (time_t)((due - now) / SECOND_NS),
					      (long)((due - now) % SECOND_NS) },
			  NULL);
}

static int put(struct pack *p, const void *from, uint64_t n)
{
	while (n) {
		la_ssize_t put = archive_write_data(p->out, from, (size_t)n);

		if (put <= 0)
			return -EIO;
		from = (const char *)from + put;
		n -= (uint64_t)put;
	}
	return interrupted() ? -EINTR : 0;
}

/* Zeros without end, which nobody reads where the tar has a hole. */
static int put_zeros(struct pack *p, uint64_t n)
{
	static void *zeros;
	int r = 0;

	if (!zeros) {
		zeros = mmap(NULL, ZEROS, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			     -1, 0);
		if (zeros == MAP_FAILED) {
			zeros = NULL;
			return -ENOMEM;
		}
	}
	while (n && r == 0) {
		uint64_t now = MIN(n, ZEROS);

		r = put(p, zeros, now);
		n -= now;
	}
	return r;
}

/* From @at to @end, both of the file. 1: it has less by now. */
static int copy_range(struct pack *p, int fd, uint64_t at, uint64_t end)
{
	while (at < end) {
		ssize_t n = pread(fd, p->buffer, (size_t)MIN(end - at, BUFFER), (off_t)at);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) {
			r = put_zeros(p, end - at);
			return r < 0 ? r : 1;
		}
		hold_back(p, (uint64_t)n);
		r = put(p, p->buffer, (uint64_t)n);
		if (r < 0)
			return r;
		at += (uint64_t)n;
	}
	return 0;
}

int data_copy(struct pack *p, int fd, uint64_t size)
{
	la_int64_t at, n;
	uint64_t done = 0;
	int r = 0, less = 0;

	if (!p->buffer && !(p->buffer = malloc(BUFFER)))
		return -ENOMEM;
	if (archive_entry_sparse_reset(p->entry) == 0)
		return copy_range(p, fd, 0, size);
	while (r >= 0 && archive_entry_sparse_next(p->entry, &at, &n) == ARCHIVE_OK) {
		r = put_zeros(p, (uint64_t)at - done);
		if (r == 0)
			r = copy_range(p, fd, (uint64_t)at, (uint64_t)(at + n));
		less |= r == 1;
		done = (uint64_t)(at + n);
	}
	/* A hole at the end is told by the size alone. */
	return r < 0 ? r : less;
}
