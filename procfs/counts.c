// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/counts.h"

#include <linux/fuse.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "procfs/files.h"
#include "procfs/turns.h"

#define MAGIC 0x31746e756f637463 /* "ctcount1": what the keeper's page is like */

#define SHARED (N_MOUNTS * TURN_THREADS) /* the cell of all who have none of their own */
#define CELLS  (SHARED + 1)
#define WORDS  (sizeof(struct tally) / sizeof(uint64_t))

/* The first page. Each of the two has its own half, and says what it holds. */
struct first {
	uint64_t magic;
	_Atomic uint64_t event[COUNT_EVENTS];
	char room[2048 - 8 * (1 + COUNT_EVENTS)];
	uint64_t layout; /* of the cells */
};

/* CPUs fetch lines of 64 bytes two at a time. */
struct cell {
	_Alignas(128) _Atomic uint64_t word[WORDS];
};

struct counts {
	struct first *first;
	struct cell *cell; /* NULL: of the keeper */
};

#define FIRST_SIZE ((size_t)4096)
#define ALL_SIZE   (FIRST_SIZE + CELLS * sizeof(struct cell))

const char *const count_op_names[] = { "open", "read", "getattr", "lookup", "release", "other" };
const char *const count_outcome_names[] = { "ok", "gone", "denied", "limit", "error" };
const char *const count_call_names[] = { "sysinfo", "mount", "mknod" };
const uint64_t count_bounds[] = {
	1000,	  2000,	     5000,	10000,	   20000,      50000,	 100000,
	200000,	  500000,    1000000,	2000000,   5000000,    10000000, 20000000,
	50000000, 100000000, 200000000, 500000000, 1000000000,
};

static const struct {
	uint32_t opcode;
	enum count_op op;
} ops[] = {
	{ FUSE_OPEN, COUNT_OPEN },     { FUSE_READ, COUNT_READ },     { FUSE_GETATTR, COUNT_ATTR },
	{ FUSE_LOOKUP, COUNT_LOOKUP }, { FUSE_RELEASE, COUNT_CLOSE },
};

static enum count_op op_of(uint32_t opcode)
{
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (ops[i].opcode == opcode)
			return ops[i].op;
	return COUNT_OTHER;
}

static enum count_outcome outcome_of(int err)
{
	switch (-err) {
	case 0:
	case ENOSYS: /* "do not ask again": how the page cache's mount answers who opens */
		return COUNT_OK;
	case ENOENT:
	case ESTALE:
	case ESRCH:
	case ENODEV:
		return COUNT_GONE;
	case EACCES:
	case EPERM:
		return COUNT_DENIED;
	case ENFILE:
	case EMFILE:
	case EAGAIN:
	case ENOSPC:
		return COUNT_LIMIT;
	}
	return COUNT_ERROR;
}

/* ---- the memory ---- */

static uint64_t hash(const char *text, uint64_t h)
{
	do
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	while (*text++);
	return h;
}

/* What a cell's words are: another program may have other files. */
static uint64_t layout(void)
{
	uint64_t h = 0xcbf29ce484222325 ^ sizeof(struct cell);

	for (size_t i = 0; i < n_files; i++)
		h = hash(files[i].path, h);
	for (size_t i = 0; i < COUNT_OPS; i++)
		h = hash(count_op_names[i], h);
	for (size_t i = 0; i < COUNT_OUTCOMES; i++)
		h = hash(count_outcome_names[i], h);
	for (size_t i = 0; i < COUNT_CALLS; i++)
		h = hash(count_call_names[i], h);
	for (size_t i = 0; i < COUNT_BUCKETS; i++)
		h = (h ^ count_bounds[i]) * 0x100000001b3;
	return h;
}

static int map(int fd, size_t size, struct counts **out)
{
	struct counts *c = calloc(1, sizeof(*c));
	char *at;

	if (!c)
		return -ENOMEM;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE,
		  fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		free(c);
		return -errno;
	}
	c->first = (void *)at;
	c->cell = size > FIRST_SIZE ? (void *)(at + FIRST_SIZE) : NULL;
	*out = c;
	return 0;
}

struct counts *counts_hold(int fd)
{
	struct counts *c = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0 ||
	    ((size_t)st.st_size < FIRST_SIZE && ftruncate(fd, FIRST_SIZE) < 0) ||
	    map(fd, FIRST_SIZE, &c) < 0)
		return NULL;
	if (c->first->magic != MAGIC)
		memset(c->first, 0, offsetof(struct first, room));
	c->first->magic = MAGIC;
	return c;
}

void counts_event(struct counts *c, enum count_event e)
{
	if (c)
		atomic_fetch_add(&c->first->event[e], 1);
}

uint64_t counts_events(const struct counts *c, enum count_event e)
{
	return c->first->magic == MAGIC ? atomic_load(&c->first->event[e]) : 0;
}

int counts_open(int fd, struct counts **out)
{
	struct counts *c;
	struct stat st;
	bool other;
	int r;

	_Static_assert(sizeof(struct first) <= FIRST_SIZE, "one page");
	if (n_files >= COUNT_FILES)
		return -E2BIG;
	if (fd >= 0 && fstat(fd, &st) < 0)
		return -errno;
	/* The page stays: it is the keeper's. */
	other = fd >= 0 && (size_t)st.st_size != ALL_SIZE;
	if (other && (ftruncate(fd, FIRST_SIZE) < 0 || ftruncate(fd, ALL_SIZE) < 0))
		return -errno;
	r = map(fd, ALL_SIZE, &c);
	if (r < 0)
		return r;
	if (c->first->layout != layout())
		memset(c->cell, 0, CELLS * sizeof(struct cell));
	c->first->layout = layout();
	*out = c;
	return 0;
}

void counts_close(struct counts *c)
{
	if (!c)
		return;
	munmap(c->first, c->cell ? ALL_SIZE : FIRST_SIZE);
	free(c);
}

/* ---- a thread's own ---- */

static _Thread_local struct cell *mine;
static _Thread_local struct {
	int err;
	bool made; /* a text */
} now;

void counts_thread(struct counts *c, int mount, unsigned me)
{
	mine = c ? &c->cell[(unsigned)mount * TURN_THREADS + me] : NULL;
}

/* Nobody else writes here: no need to lock the line. */
static void add(size_t at, uint64_t n)
{
	_Atomic uint64_t *word = &mine->word[at / sizeof(uint64_t)];

	atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) + n,
			      memory_order_relaxed);
}
#define ADD(member, n) add(offsetof(struct tally, member), n)

void counts_fails(int err)
{
	now.err = err;
}

void counts_text(unsigned file, int err)
{
	now.made = true;
	if (mine)
		ADD(texts[file][err < 0], 1);
}

static unsigned bucket_of(uint64_t ns)
{
	unsigned i = 0;

	while (i < COUNT_BUCKETS && ns > count_bounds[i])
		i++;
	return i;
}

void counts_request(unsigned file, uint32_t opcode, bool shows, uint64_t ns)
{
	enum count_op op = op_of(opcode);
	enum count_outcome outcome = outcome_of(now.err);
	bool made = now.made;

	now.err = 0;
	now.made = false;
	if (!mine)
		return;
	ADD(requests[file][op][outcome], 1);
	ADD(took[op][bucket_of(ns)], 1);
	ADD(took_ns[op], ns);
	if (!shows || outcome != COUNT_OK)
		return;
	if (made)
		ADD(misses[file], 1);
	else
		ADD(hits[file], 1);
}

void counts_refused(uint32_t opcode, int err)
{
	if (mine)
		ADD(requests[n_files][op_of(opcode)][outcome_of(err)], 1);
}

void counts_poisoned(void)
{
	if (mine)
		ADD(poisoned, 1);
}

/* ---- for all threads ---- */

static struct cell *_Atomic shared;

void counts_share(struct counts *c)
{
	shared = c ? &c->cell[SHARED] : NULL;
}

void counts_call(enum count_call call, bool left)
{
	struct cell *cell = shared;

	if (cell)
		atomic_fetch_add_explicit(
		    &cell->word[offsetof(struct tally, calls[call][left]) / sizeof(uint64_t)], 1,
		    memory_order_relaxed);
}

/* ---- who asks ---- */

void counts_sum(const struct counts *c, struct tally *out)
{
	uint64_t *sum = (void *)out;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < CELLS; i++)
		for (size_t w = 0; w < WORDS; w++)
			sum[w] += atomic_load_explicit(&c->cell[i].word[w], memory_order_relaxed);
}
