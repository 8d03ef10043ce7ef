// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "procfs/rows.h"
#include "procfs/state.h"

#define MAGIC	 0x3465746174736674 /* "tfstate4": the layout below */
#define ROWS	 ROWS_MAX
#define TEXT_LEN 1536 /* of a row's three names together */

struct header {
	uint64_t magic, stride, cpus;
	char boot_id[40];
	uint32_t last_slot;
};

/* One of a row's two: the newer one that is whole counts. */
struct half {
	uint64_t sum; /* of all behind it */
	uint64_t turn;
	struct state_counts counts;
	struct cgv_cpu_row rows[]; /* of the host's CPUs */
};

struct record {
	_Atomic uint32_t used; /* set last, cleared first */
	uint32_t generation;
	uint32_t slot;
	uint16_t fixed_cpus, fast;
	uint32_t door, id; /* where in the text; 0: no name */
	struct state_key key;
	char text[TEXT_LEN];
	/* two halves */
};

struct state {
	pthread_mutex_t lock;
	int fd;
	uint32_t cpus;
	size_t half, stride, size;
	struct header *header;
	char *map;
	bool owned[ROWS]; /* by a container of this process */
	struct rows rows; /* by their keys */
	uint32_t low;	  /* no row before this one is empty */
};

static struct record *record_at(const struct state *s, uint32_t at)
{
	return (void *)(s->map + sizeof(struct header) + (at - 1) * s->stride);
}

static struct half *half_at(const struct state *s, uint32_t at, int which)
{
	return (void *)((char *)(record_at(s, at) + 1) + (size_t)which * s->half);
}

/* Rows up to here are on the file system; behind it, touching the map would be the end of us. */
static uint32_t rows_there(const struct state *s)
{
	return (uint32_t)MIN((s->size - sizeof(struct header)) / s->stride, (size_t)ROWS);
}

static uint64_t sum_of(const struct state *s, const struct half *h)
{
	const uint64_t *word = &h->turn;
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t n = s->half / sizeof(*word) - 1; n; n--)
		sum = (sum ^ *word++) * 0x100000001b3;
	return sum;
}

/* The half that counts, or NULL. */
static struct half *newest(const struct state *s, uint32_t at)
{
	struct half *best = NULL;

	for (int i = 0; i < 2; i++) {
		struct half *h = half_at(s, at, i);

		if (h->turn && (!best || h->turn > best->turn) && h->sum == sum_of(s, h))
			best = h;
	}
	return best;
}

static int read_boot_id(const struct cgv_host *h, char out[40])
{
	auto_fd fd = openat(h->proc, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, 36);

	return n == 36 ? 0 : fd < 0 || n < 0 ? -errno : -EBADMSG;
}

/* Is it ours, of this boot and shape? Else it starts anew. */
static int adopt(struct state *s, const char *boot_id)
{
	struct header *h = s->header;
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return -errno;
	if ((size_t)st.st_size >= sizeof(*h) && h->magic == MAGIC && h->stride == s->stride &&
	    h->cpus == s->cpus && memcmp(h->boot_id, boot_id, sizeof(h->boot_id)) == 0) {
		s->size = (size_t)st.st_size;
		return 0;
	}
	if (ftruncate(s->fd, 0) < 0)
		return -errno;
	s->size = sizeof(*h);
	if (posix_fallocate(s->fd, 0, sizeof(*h)) != 0)
		return -ENOSPC;
	memcpy(h->boot_id, boot_id, sizeof(h->boot_id));
	h->stride = s->stride;
	h->cpus = s->cpus;
	h->magic = MAGIC;
	return 0;
}

static uint64_t hash_key(const struct state_key *key)
{
	return key->init ^ key->born * 0x100000001b3;
}

/* What is there from before. */
static void list_all(struct state *s)
{
	s->low = 1;
	for (uint32_t at = 1; at <= rows_there(s); at++)
		if (atomic_load(&record_at(s, at)->used))
			rows_add(&s->rows, at, hash_key(&record_at(s, at)->key));
}

int state_open(const char *path, const struct cgv_host *h, struct state **out)
{
	struct state *s = calloc(1, sizeof(*s));
	char boot_id[40] = "";
	int r;

	if (!s)
		return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	s->cpus = h->cpus;
	s->half = sizeof(struct half) + h->cpus * sizeof(struct cgv_cpu_row);
	s->stride = (sizeof(struct record) + 2 * s->half + 7) & ~(size_t)7;
	s->map = MAP_FAILED;
	s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = s->fd < 0 ? -errno : read_boot_id(h, boot_id);
	if (r == 0) {
		s->map = mmap(NULL, sizeof(struct header) + ROWS * s->stride,
			      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, s->fd, 0);
		s->header = (void *)s->map;
		r = s->map == MAP_FAILED ? -errno : adopt(s, boot_id);
	}
	if (r < 0) {
		state_close(s);
		return r;
	}
	list_all(s);
	*out = s;
	return 0;
}

void state_close(struct state *s)
{
	if (!s)
		return;
	if (s->map != MAP_FAILED)
		munmap(s->map, sizeof(struct header) + ROWS * s->stride);
	close_fd(&s->fd);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- rows; all with the lock held ---- */

static bool same(const struct record *r, const struct state_key *key)
{
	return atomic_load(&r->used) && r->key.init == key->init && r->key.born == key->born;
}

/* It is empty, and the next one to be used. */
static void free_record(struct state *s, uint32_t at)
{
	atomic_store(&record_at(s, at)->used, 0);
	rows_remove(&s->rows, at);
	s->low = MIN(s->low, at);
}

/* Of the rows with this key the one that was counted last. */
static struct half *find_counts(struct state *s, const struct state_key *key)
{
	struct half *best = NULL;

	for (uint32_t at = rows_first(&s->rows, hash_key(key)); at; at = rows_next(&s->rows, at)) {
		struct half *h = same(record_at(s, at), key) ? newest(s, at) : NULL;

		if (h && (!best || h->counts.cputime.at > best->counts.cputime.at))
			best = h;
	}
	return best;
}

/* A new row at the end of the file, which is on the file system from here on. */
static uint32_t grow(struct state *s)
{
	uint32_t n = rows_there(s);
	int r = EFBIG;

	if (n < ROWS)
		r = posix_fallocate(s->fd, (off_t)s->size, (off_t)s->stride);
	if (r != 0)
		return 0;
	s->size += s->stride;
	return n + 1;
}

/* Best an empty one; then a new one; then one that an earlier daemon left and nobody wants. */
static uint32_t free_row(struct state *s)
{
	uint32_t at;

	for (; s->low <= rows_there(s); s->low++)
		if (!s->owned[s->low - 1] && !atomic_load(&record_at(s, s->low)->used))
			return s->low;
	at = grow(s);
	for (uint32_t left = rows_there(s); !at && left; left--)
		at = s->owned[left - 1] ? 0 : left;
	return at;
}

/* What was counted, on top of rows of one's own. */
static void copy_counts(struct state_counts *to, const struct half *from, uint32_t cpus)
{
	struct cgv_cpu_row *rows = to->cputime.row;

	*to = from->counts;
	to->cputime.n = cpus;
	to->cputime.row = rows;
	if (from->counts.cputime.begun)
		memcpy(rows, from->rows, cpus * sizeof(*rows));
}

static void put_half(struct state *s, uint32_t at, const struct state_counts *counts)
{
	struct half *old = newest(s, at), *h = half_at(s, at, old == half_at(s, at, 0));
	uint64_t turn = old ? old->turn + 1 : 1;

	h->turn = 0;
	atomic_thread_fence(memory_order_release);
	h->counts = *counts;
	h->counts.cputime.row = NULL;
	if (counts->cputime.row)
		memcpy(h->rows, counts->cputime.row, s->cpus * sizeof(*h->rows));
	h->turn = turn;
	h->sum = sum_of(s, h);
}

static bool put_name(struct record *r, const struct state_name *name)
{
	size_t a, b, c;

	r->door = r->id = 0;
	r->fixed_cpus = name->fixed_cpus;
	r->fast = name->fast;
	if (!name->name)
		return true;
	a = strlen(name->name) + 1;
	b = strlen(name->door) + 1;
	c = strlen(name->id) + 1;
	if (a + b + c > sizeof(r->text))
		return false;
	memcpy(r->text, name->name, a);
	memcpy(r->text + a, name->door, b);
	memcpy(r->text + a + b, name->id, c);
	r->door = (uint32_t)a;
	r->id = (uint32_t)(a + b);
	return true;
}

static bool same_name(const struct record *r, const struct state_name *name)
{
	return name->name ? r->door && strcmp(r->text, name->name) == 0 : !r->door;
}

/* What an earlier daemon left of it goes; its slot goes on. */
static uint32_t take_slot(struct state *s, const struct state_key *key,
			  const struct state_name *name)
{
	uint32_t slot = 0;

	for (uint32_t at = rows_first(&s->rows, hash_key(key)), next; at; at = next) {
		struct record *r = record_at(s, at);

		next = rows_next(&s->rows, at);
		if (s->owned[at - 1] || !same(r, key) || !same_name(r, name))
			continue;
		slot = r->slot;
		free_record(s, at);
	}
	return slot ? slot : ++s->header->last_slot;
}

static struct state_row take(struct state *s, const struct state_key *key,
			     const struct state_name *name, struct state_counts *counts)
{
	const struct half *h = find_counts(s, key);
	struct state_row row = { 0 };
	struct record *r;

	if (h)
		copy_counts(counts, h, s->cpus);
	row.slot = take_slot(s, key, name);
	row.at = free_row(s);
	if (!row.at)
		return row;
	r = record_at(s, row.at);
	free_record(s, row.at);
	r->key = *key;
	r->slot = row.slot;
	row.generation = ++r->generation;
	half_at(s, row.at, 0)->turn = half_at(s, row.at, 1)->turn = 0;
	if (h)
		put_half(s, row.at, counts);
	if (!put_name(r, name)) {
		row.at = 0;
		return row;
	}
	s->owned[row.at - 1] = true;
	rows_add(&s->rows, row.at, hash_key(key));
	atomic_store(&r->used, 1);
	return row;
}

static struct record *mine(struct state *s, const struct state_row *row)
{
	struct record *r = row->at ? record_at(s, row->at) : NULL;

	return r && r->generation == row->generation && s->owned[row->at - 1] ? r : NULL;
}

/* ---- the same, for all threads ---- */

struct state_row state_take(struct state *s, const struct state_key *key,
			    const struct state_name *name, struct state_counts *counts)
{
	struct state_row row = { 0 };

	if (!s)
		return row;
	pthread_mutex_lock(&s->lock);
	row = take(s, key, name, counts);
	pthread_mutex_unlock(&s->lock);
	return row;
}

void state_set_fast(struct state *s, const struct state_row *row, bool fast)
{
	struct record *r;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	r = mine(s, row);
	if (r)
		r->fast = fast;
	pthread_mutex_unlock(&s->lock);
}

void state_save(struct state *s, const struct state_row *row, const struct state_counts *counts)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	if (mine(s, row))
		put_half(s, row->at, counts);
	pthread_mutex_unlock(&s->lock);
}

void state_forget(struct state *s, const struct state_row *row)
{
	struct record *r;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	r = mine(s, row);
	if (r) {
		s->owned[row->at - 1] = false;
		free_record(s, row->at);
	}
	pthread_mutex_unlock(&s->lock);
}

bool state_left(struct state *s, uint32_t *at, struct state_key *key, struct state_name *name)
{
	bool found = false;

	if (!s)
		return false;
	pthread_mutex_lock(&s->lock);
	while (!found && *at < rows_there(s)) {
		const struct record *r = record_at(s, ++*at);

		if (!atomic_load(&r->used) || s->owned[*at - 1] || r->text[TEXT_LEN - 1] ||
		    r->door >= TEXT_LEN || r->id >= TEXT_LEN)
			continue;
		*key = r->key;
		*name = (struct state_name){ 0 };
		if (r->door)
			*name = (struct state_name){ r->text, r->text + r->door, r->text + r->id,
						     r->fixed_cpus, r->fast };
		found = true;
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

void state_forget_left(struct state *s, uint32_t at)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	if (!s->owned[at - 1])
		free_record(s, at);
	pthread_mutex_unlock(&s->lock);
}
