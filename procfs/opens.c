// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "procfs/opens.h"

#define MAGIC  0x31736e65706f6370 /* "pcopens1": the layout below */
#define ROWS   (1u << 20)
#define STORED (1u << 18)
#define BLOCK  512
#define BLOCKS (1u << 19) /* 256 MB of texts */
#define CHUNK  (1u << 20) /* the file grows by that */

/* The file: a header, then three areas, each of which grows by itself. */
struct header {
	uint64_t magic;
	int64_t since;
	_Atomic uint64_t there[3]; /* bytes of each area that can be used */
};

enum { AREA_ROWS, AREA_STORED, AREA_BLOCKS, N_AREAS };

static const size_t area_size[N_AREAS] = {
	ROWS * sizeof(struct open_row),
	STORED * sizeof(struct stored_row),
	(size_t)BLOCKS *BLOCK,
};

#define HEADER_SIZE 4096

/* Which of an area's pieces are taken; private, made from the rows when the file is opened. */
struct taken {
	uint64_t *bits;
	uint32_t n, cursor, used;
};

struct opens {
	pthread_mutex_t lock; /* of what is taken */
	int fd;
	char *map;
	size_t size;
	struct header *header;
	struct open_row *rows;
	struct stored_row *stored;
	char *blocks;
	struct taken taken[N_AREAS];
};

static size_t area_at(int area)
{
	size_t at = HEADER_SIZE;

	for (int i = 0; i < area; i++)
		at += area_size[i];
	return at;
}

/* What is not there yet must not be touched: where memory is short that would be the end of us. */
static int ensure(struct opens *o, int area, size_t upto)
{
	size_t there = o->header->there[area];
	size_t want = MIN((upto + CHUNK - 1) / CHUNK * CHUNK, area_size[area]);

	if (upto <= there)
		return 0;
	if (posix_fallocate(o->fd, (off_t)(area_at(area) + there), (off_t)(want - there)) != 0)
		return -ENOSPC;
	o->header->there[area] = want;
	return 0;
}

static bool is_taken(const struct taken *t, uint32_t i)
{
	return t->bits[i / 64] >> i % 64 & 1;
}

static void set_taken(struct taken *t, uint32_t from, uint32_t n, bool to)
{
	for (uint32_t i = from; i < from + n; i++) {
		t->used += (uint32_t)to - (uint32_t)is_taken(t, i);
		if (to)
			t->bits[i / 64] |= 1ull << i % 64;
		else
			t->bits[i / 64] &= ~(1ull << i % 64);
	}
}

/* @n free ones in a row, from the cursor on and then from the start; 0: none. 0 is never free. */
static uint32_t find_free(struct taken *t, uint32_t n)
{
	uint32_t run = 0;

	for (uint32_t steps = 0, i = t->cursor; steps < t->n + n; steps++, i++) {
		if (i >= t->n) {
			i = 1;
			run = 0;
		}
		if (run == 0 && i % 64 == 0 && t->bits[i / 64] == UINT64_MAX) {
			i += 63;
			steps += 63;
			continue;
		}
		run = is_taken(t, i) ? 0 : run + 1;
		if (run == n) {
			t->cursor = i + 1;
			return i + 1 - n;
		}
	}
	return 0;
}

static uint32_t take(struct opens *o, int area, uint32_t n, size_t each)
{
	struct taken *t = &o->taken[area];
	uint32_t at;

	pthread_mutex_lock(&o->lock);
	at = find_free(t, n);
	if (at && ensure(o, area, (at + n) * each) < 0)
		at = 0;
	if (at)
		set_taken(t, at, n, true);
	pthread_mutex_unlock(&o->lock);
	return at;
}

static void give_back(struct opens *o, int area, uint32_t at, uint32_t n)
{
	pthread_mutex_lock(&o->lock);
	set_taken(&o->taken[area], at, n, false);
	/* What was used last is used next: the file grows no more than it must. */
	o->taken[area].cursor = MIN(o->taken[area].cursor, at);
	pthread_mutex_unlock(&o->lock);
}

/* ---- texts ---- */

static uint32_t blocks_of(uint32_t len)
{
	return len / BLOCK + 1;
}

int text_put(struct opens *o, const char *p, size_t n, struct text *out)
{
	uint32_t at = n < UINT32_MAX / 2 ? take(o, AREA_BLOCKS, blocks_of((uint32_t)n), BLOCK) : 0;

	if (!at)
		return -ENOSPC;
	memcpy(o->blocks + (size_t)at * BLOCK, p, n);
	*out = (struct text){ at, (uint32_t)n };
	return 0;
}

void text_drop(struct opens *o, struct text t)
{
	if (t.block)
		give_back(o, AREA_BLOCKS, t.block, blocks_of(t.len));
}

size_t text_bytes(struct text t)
{
	return t.block ? (size_t)blocks_of(t.len) * BLOCK : 0;
}

size_t texts_free(struct opens *o)
{
	size_t n;

	pthread_mutex_lock(&o->lock);
	n = (size_t)(BLOCKS - o->taken[AREA_BLOCKS].used) * BLOCK;
	pthread_mutex_unlock(&o->lock);
	return n;
}

const char *text_at(const struct opens *o, struct text t)
{
	return o->blocks + (size_t)t.block * BLOCK;
}

/* ---- rows ---- */

int open_row_new(struct opens *o, struct open_row **out)
{
	uint32_t at = take(o, AREA_ROWS, 1, sizeof(struct open_row));
	struct open_row *row = &o->rows[at];

	if (!at)
		return -ENFILE;
	/* Field by field: others look through all rows meanwhile, and find it free. */
	row->generation++;
	row->unique = 0;
	row->begun = 0;
	row->ino = 0;
	row->text = 0;
	row->owner = 0;
	row->pid = 0;
	row->trigger = (struct open_trigger){ 0 };
	*out = row;
	return 0;
}

void open_row_free(struct opens *o, struct open_row *row)
{
	struct text t = text_unpack(row->text);

	atomic_store(&row->state, OPEN_FREE);
	row->text = 0;
	text_drop(o, t);
	give_back(o, AREA_ROWS, (uint32_t)(row - o->rows), 1);
}

uint64_t open_row_handle(const struct opens *o, const struct open_row *row)
{
	return (uint64_t)row->generation << 32 | (uint64_t)(row - o->rows);
}

struct open_row *open_row_of(const struct opens *o, uint64_t fh)
{
	uint32_t at = (uint32_t)fh;
	struct open_row *row = &o->rows[at];

	if (at == 0 || ((size_t)at + 1) * sizeof(*row) > o->header->there[AREA_ROWS] ||
	    row->state == OPEN_FREE || row->generation != fh >> 32)
		return NULL;
	return row;
}

struct open_row *open_row_next(const struct opens *o, uint32_t *at)
{
	while ((size_t)(*at + 1) * sizeof(*o->rows) <= o->header->there[AREA_ROWS]) {
		struct open_row *row = &o->rows[(*at)++];

		if (row != o->rows && row->state != OPEN_FREE)
			return row;
	}
	return NULL;
}

int stored_row_new(struct opens *o, uint64_t ino, struct stored_row **out)
{
	uint32_t at = take(o, AREA_STORED, 1, sizeof(struct stored_row));
	struct stored_row *row = &o->stored[at];

	if (!at)
		return -ENFILE;
	row->text = row->tick = 0;
	row->made = (struct timespec){ 0 };
	atomic_store(&row->ino, ino);
	*out = row;
	return 0;
}

void stored_row_free(struct opens *o, struct stored_row *row)
{
	struct text t = text_unpack(row->text);

	atomic_store(&row->ino, 0);
	text_drop(o, t);
	give_back(o, AREA_STORED, (uint32_t)(row - o->stored), 1);
}

struct stored_row *stored_row_next(const struct opens *o, uint32_t *at)
{
	while ((size_t)(*at + 1) * sizeof(*o->stored) <= o->header->there[AREA_STORED]) {
		struct stored_row *row = &o->stored[(*at)++];

		if (row != o->stored && row->ino)
			return row;
	}
	return NULL;
}

/* ---- the file ---- */

static void mark(struct opens *o, int area, uint32_t at, uint32_t n)
{
	if (at && at < o->taken[area].n && n <= o->taken[area].n - at)
		set_taken(&o->taken[area], at, n, true);
}

static void mark_text(struct opens *o, uint64_t packed)
{
	struct text t = text_unpack(packed);

	mark(o, AREA_BLOCKS, t.block, blocks_of(t.len));
}

static void mark_all(struct opens *o)
{
	struct stored_row *s;
	struct open_row *r;

	for (uint32_t at = 0; (r = open_row_next(o, &at));) {
		mark(o, AREA_ROWS, at - 1, 1);
		mark_text(o, r->text);
	}
	for (uint32_t at = 0; (s = stored_row_next(o, &at));) {
		mark(o, AREA_STORED, at - 1, 1);
		mark_text(o, s->text);
	}
}

static int make_taken(struct opens *o)
{
	static const uint32_t n[N_AREAS] = { ROWS, STORED, BLOCKS };

	for (int i = 0; i < N_AREAS; i++) {
		o->taken[i] = (struct taken){ calloc(n[i] / 64, 8), n[i], 1, 1 };
		if (!o->taken[i].bits)
			return -ENOMEM;
		o->taken[i].bits[0] = 1;
	}
	return 0;
}

/* Empty, or of this layout: another program's is not touched. */
int opens_check(int fd)
{
	uint64_t magic = 0;
	ssize_t n = pread(fd, &magic, sizeof(magic), 0);

	return n < 0 ? -errno : !magic || magic == MAGIC ? 0 : -EBADMSG;
}

static int map_file(struct opens *o)
{
	int r = opens_check(o->fd);

	if (r < 0)
		return r;
	if (posix_fallocate(o->fd, 0, HEADER_SIZE) != 0)
		return -ENOSPC;
	o->size = area_at(N_AREAS);
	o->map = mmap(NULL, o->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, o->fd, 0);
	if (o->map == MAP_FAILED)
		return -errno;
	o->header = (void *)o->map;
	o->rows = (void *)(o->map + area_at(AREA_ROWS));
	o->stored = (void *)(o->map + area_at(AREA_STORED));
	o->blocks = o->map + area_at(AREA_BLOCKS);
	if (!o->header->magic) {
		o->header->since = time(NULL);
		o->header->magic = MAGIC;
	}
	return 0;
}

int opens_open(int fd, struct opens **out)
{
	struct opens *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	pthread_mutex_init(&o->lock, NULL);
	o->map = MAP_FAILED;
	o->fd = fd;
	r = map_file(o);
	if (r == 0)
		r = make_taken(o);
	if (r < 0) {
		opens_close(o);
		return r;
	}
	mark_all(o);
	*out = o;
	return 0;
}

time_t opens_since(const struct opens *o)
{
	return (time_t)o->header->since;
}

void opens_close(struct opens *o)
{
	if (!o)
		return;
	for (int i = 0; i < N_AREAS; i++)
		free(o->taken[i].bits);
	if (o->map != MAP_FAILED)
		munmap(o->map, o->size);
	pthread_mutex_destroy(&o->lock);
	free(o);
}
