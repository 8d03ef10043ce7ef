// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/slots.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/say.h"

#define MAGIC 0x33746f6c73636370 /* "pccslot3": the layout below */

struct first {
	uint64_t magic;
	uint32_t init_len; /* 0: the connection has not begun */
	char init[1024];
	_Atomic uint64_t taken;
	_Atomic int32_t fell;	 /* the worker that has said at what it crashed */
	_Atomic uint32_t repair; /* is needed */
};

struct slots {
	struct first *first;
	char *large, *small;
};

#define FIRST_SIZE ((size_t)4096)
#define SMALL_EACH (offsetof(struct slot, request) + SMALL_SIZE)
#define SMALL_AT   (FIRST_SIZE + TURN_LARGE * sizeof(struct slot))
#define FILE_SIZE  (SMALL_AT + TURN_SMALL * SMALL_EACH)

/* ---- the memory ---- */

/*
 * Every page is there from the start, and stays: one that had to be fetched while its worker is
 * being killed would fail the kernel's copy, and with it the request.
 */
static char *map_slots(int fd)
{
	char *map = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (map != MAP_FAILED && mlock(map, FILE_SIZE) < 0)
		debug("keep the requests in memory: %s", strerror(errno));
	return map;
}

/* What another program made is left as it is: that may be in the middle of it. */
static int make_room(int fd)
{
	uint64_t magic = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0)
		return ftruncate(fd, FILE_SIZE) < 0 ? -errno : 0;
	if (st.st_size != FILE_SIZE || pread(fd, &magic, sizeof(magic), 0) != sizeof(magic))
		return -EBADMSG;
	return !magic || magic == MAGIC ? 0 : -EBADMSG;
}

int slots_open(int fd, struct slots **out)
{
	struct slots *s;
	char *map;
	int r = make_room(fd);

	if (r < 0)
		return r;
	map = map_slots(fd);
	if (map == MAP_FAILED)
		return -errno;
	s = calloc(1, sizeof(*s));
	if (!s) {
		munmap(map, FILE_SIZE);
		return -ENOMEM;
	}
	*s = (struct slots){ (void *)map, map + FIRST_SIZE, map + SMALL_AT };
	s->first->magic = MAGIC;
	*out = s;
	return 0;
}

void slots_close(struct slots *s)
{
	if (!s)
		return;
	munmap(s->first, FILE_SIZE);
	free(s);
}

struct slot *slot_at(struct slots *s, unsigned i)
{
	return i < TURN_LARGE ? (void *)(s->large + i * sizeof(struct slot))
			      : (void *)(s->small + (i - TURN_LARGE) * SMALL_EACH);
}

size_t slot_room(unsigned i)
{
	return i < TURN_LARGE ? SLOT_SIZE : SMALL_SIZE;
}

void slot_empty(struct slot *t)
{
	memset(&t->head, 0, sizeof(t->head));
	atomic_thread_fence(memory_order_release);
	t->since = 0;
	t->by = t->thread = 0;
	t->tries = t->crashes = t->fell = 0;
}

void slot_move(struct slot *from, struct slot *to)
{
	size_t at = offsetof(struct fuse_in_header, unique), n = at + sizeof(from->head.unique);

	memcpy(to->request + n, from->request + n, from->head.len - n);
	memcpy(to->request, from->request, at);
	atomic_thread_fence(memory_order_release);
	to->head.unique = from->head.unique;
	atomic_thread_fence(memory_order_release);
	slot_empty(from);
}

int slots_greeting(const struct slots *s, struct fuse_buf *out)
{
	if (!s->first->init_len)
		return -ENODATA;
	*out = (struct fuse_buf){ .size = s->first->init_len, .mem = s->first->init };
	return 0;
}

int slots_greeted(struct slots *s, const struct slot *t)
{
	if (t->head.opcode != FUSE_INIT || t->head.len > sizeof(s->first->init))
		return -EPROTO;
	memcpy(s->first->init, t->request, t->head.len);
	s->first->init_len = t->head.len;
	return 0;
}

void slots_note_repair(struct slots *s, bool needed)
{
	s->first->repair = needed;
}

bool slots_need_repair(const struct slots *s)
{
	return s->first->repair;
}

uint64_t slots_taken(const struct slots *s)
{
	return s->first->taken;
}

void slots_count_taken(struct slots *s)
{
	s->first->taken++;
}

unsigned slots_in_hand(struct slots *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		n += slot_at(s, i)->head.unique != 0;
	return n;
}

/* ---- who is to blame ---- */

void slots_fell(struct slots *s, struct slot *t)
{
	if (t)
		t->fell = 1;
	s->first->fell = getpid();
}

void slots_blame(struct slots *s, int32_t worker)
{
	bool told = s->first->fell == worker;

	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *t = slot_at(s, i);

		if (t->head.unique && t->by == worker && (!told || t->fell))
			t->crashes++;
		t->fell = 0;
	}
	s->first->fell = 0;
}

void slots_suspect(struct slot *const stuck[], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		stuck[i]->crashes = n == 1 ? stuck[i]->crashes + 1 : MAX(stuck[i]->crashes, 1u);
}

/* ---- one request ---- */

void slot_refuse(int fuse_fd, const struct fuse_in_header *head, int err)
{
	struct fuse_out_header out = { sizeof(out), err, head->unique };

	if (head->opcode == FUSE_FORGET || head->opcode == FUSE_BATCH_FORGET ||
	    head->opcode == FUSE_INTERRUPT)
		return;
	/* ENOENT: it was answered before. */
	if (write(fuse_fd, &out, sizeof(out)) < 0 && errno != ENOENT)
		warn(-errno, "refuse a request");
}
