// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/shared.h"

#include "base/say.h"
#include "procfs/die.h"
#include "procfs/reader.h"
#include "procfs/serve.h"

#define BUCKETS	    4096
#define LEN_UNKNOWN UINT32_MAX
#define READERS_MAX 16	/* processes with one file open that are looked at: more take too long */
#define LATE_MAX    500 /* ticks: so old a text of the page cache's mount can be at most */

/* The key of what the page cache's mount shows of an inode, which is not the same text. */
#define FAST (1ull << 63)

/* What is shown of one inode to all who share it. */
struct shared {
	uint64_t ino;
	atomic_int refs;      /* who looks at it here; the table's are not counted */
	struct shared *next;  /* in its bucket */
	pthread_mutex_t lock; /* of all below; taken before a container's */
	struct stored_row *row;
	uint32_t opens;
	uint32_t strangers;  /* who have it open with a text of their own */
	uint32_t kernel_len; /* which length the kernel knows */
	bool pushed;	     /* the kernel's pages are of this text */
	struct text coming;  /* what it becomes, if nobody is in the middle of it */
	uint64_t coming_tick;
	struct timespec told; /* which mtime the kernel knows; 0: none yet */
};

struct sharing {
	pthread_mutex_t lock; /* of the table */
	struct shared *bucket[BUCKETS];
};

/* ---- the table ---- */

static struct shared **place_of(struct sharing *t, uint64_t ino)
{
	struct shared **at = &t->bucket[(ino * 0x9e3779b97f4a7c15) >> 52];

	while (*at && (*at)->ino != ino)
		at = &(*at)->next;
	return at;
}

static int shared_new(struct fs *fs, uint64_t ino, struct stored_row *row, struct shared **out)
{
	struct shared *s = calloc(1, sizeof(*s));
	int r = s ? 0 : -ENOMEM;

	if (r == 0 && !row)
		r = stored_row_new(fs->opens, ino, &row);
	if (r < 0) {
		free(s);
		return r;
	}
	s->ino = ino;
	s->row = row;
	s->kernel_len = LEN_UNKNOWN;
	pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return 0;
}

/* Its entry, held and locked. @make: one that is not there is made. */
static int shared_get(struct fs *fs, uint64_t ino, bool make, struct shared **out)
{
	struct sharing *t = fs->sharing;
	struct shared **at;
	int r = 0;

	pthread_mutex_lock(&t->lock);
	at = place_of(t, ino);
	if (!*at)
		r = make ? shared_new(fs, ino, NULL, at) : -ENOENT;
	if (r == 0) {
		*out = *at;
		atomic_fetch_add(&(*out)->refs, 1);
	}
	pthread_mutex_unlock(&t->lock);
	if (r == 0)
		pthread_mutex_lock(&(*out)->lock);
	return r;
}

static void shared_put(struct shared *s)
{
	pthread_mutex_unlock(&s->lock);
	atomic_fetch_sub(&s->refs, 1);
}

static void drop_coming(struct fs *fs, struct shared *s)
{
	text_drop(fs->opens, s->coming);
	s->coming = (struct text){ 0 };
}

/* Its row stays: the next worker goes on with that. */
static void shared_forget(struct fs *fs, struct shared *s)
{
	drop_coming(fs, s);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* The length stays known, for the next time something is stored. */
static void let_go(struct fs *fs, struct shared *s, uint64_t tick)
{
	struct text t = text_unpack(s->row->text);

	if (s->opens == 0 && t.block && s->row->tick + LATE_MAX < tick)
		text_set(fs, &s->row->text, (struct text){ 0, t.len });
}

static bool container_is_there(struct fs *fs, uint64_t ino)
{
	auto_container c = registry_by_slot(fs->registry, at_of(ino).slot);

	return c != NULL;
}

static uint64_t tick_now(const struct fs *fs)
{
	struct cgv_time t;

	return cgv_now(fs->host, &t) < 0 ? 0 : t.boot / CGV_TICK;
}

static void sweep_bucket(struct fs *fs, struct shared **at, uint64_t tick)
{
	while (*at) {
		struct shared *s = *at;

		/* Only with the table's lock is somebody new let in. */
		if (atomic_load(&s->refs) || s->opens) {
			at = &s->next;
		} else if (!container_is_there(fs, s->ino)) {
			*at = s->next;
			stored_row_free(fs->opens, s->row);
			shared_forget(fs, s);
		} else {
			let_go(fs, s, tick);
			at = &s->next;
		}
	}
}

void shared_sweep(struct fs *fs)
{
	uint64_t tick = tick_now(fs);

	for (size_t i = 0; i < BUCKETS; i++) {
		pthread_mutex_lock(&fs->sharing->lock);
		sweep_bucket(fs, &fs->sharing->bucket[i], tick);
		pthread_mutex_unlock(&fs->sharing->lock);
	}
}

int shared_start(struct fs *fs)
{
	struct sharing *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	fs->sharing = t;
	return 0;
}

void shared_stop(struct fs *fs)
{
	if (!fs->sharing)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct shared *s = fs->sharing->bucket[i], *next; s; s = next) {
			next = s->next;
			shared_forget(fs, s);
		}
	free(fs->sharing);
	fs->sharing = NULL;
}

/* ---- what is stored ---- */

static int make(struct fs *fs, struct shared *s, struct container *c, struct text *out,
		uint64_t *tick)
{
	struct moment m;
	int r = make_text(fs, at_of(s->ino), c, 0, &m);

	if (r == 0)
		r = text_put(fs->opens, m.text, m.len, out);
	if (r == 0)
		*tick = m.tick;
	return r;
}

static void show(struct fs *fs, struct shared *s, struct text t, uint64_t tick)
{
	text_set(fs, &s->row->text, t);
	s->row->tick = tick;
	clock_gettime(CLOCK_REALTIME, &s->row->made);
	s->pushed = false;
	DIE_AT("render");
}

/* With the lock held, and nobody in the middle of the old text. */
static int renew(struct fs *fs, struct shared *s, struct container *c)
{
	uint64_t tick;
	struct text t;
	int r = make(fs, s, c, &t, &tick);

	if (r < 0)
		return r;
	drop_coming(fs, s);
	show(fs, s, t, tick);
	return 0;
}

/*
 * Into the kernel's pages: the reader then comes back for nothing. Only while nobody at all has
 * the file open, for a page that is being read is locked until we answer. That can be also who has
 * a text of his own, by sendfile(2): his request would wait behind us, and we for him.
 */
static bool push(struct fs *fs, struct shared *s)
{
	struct text t = text_unpack(s->row->text);
	struct fuse_bufvec v = FUSE_BUFVEC_INIT(t.len);

	v.buf[0].mem = (void *)(uintptr_t)text_at(fs->opens, t);
	if (t.len && fuse_lowlevel_notify_store(fs->session, s->ino, 0, &v, 0) < 0)
		return false;
	/* The kernel lets a file grow by that, not shrink: it asks for the size again. */
	if ((s->kernel_len == LEN_UNKNOWN || t.len < s->kernel_len) &&
	    fuse_lowlevel_notify_inval_inode(fs->session, s->ino, -1, 0) < 0)
		return false;
	s->kernel_len = t.len;
	DIE_AT("store");
	return s->pushed = true;
}

static bool is_fresh(const struct fs *fs, const struct shared *s)
{
	return text_unpack(s->row->text).block && s->row->tick == tick_now(fs);
}

/* The kernel asks us for the text, page by page; it must know the length. */
static bool announce(struct fs *fs, struct shared *s)
{
	struct text t = text_unpack(s->row->text);

	if (s->kernel_len != t.len &&
	    fuse_lowlevel_notify_inval_inode(fs->session, s->ino, -1, 0) < 0)
		return false;
	s->kernel_len = t.len;
	return true;
}

/* What may this opener share? It is made new when nobody else sees it. */
static enum share can_share(struct fs *fs, struct shared *s, struct container *c)
{
	if (!is_fresh(fs, s) && (s->opens || renew(fs, s, c) < 0))
		return SHARE_NOTHING;
	if (s->pushed)
		return SHARE_STORED;
	if (!s->opens && !s->strangers)
		return push(fs, s) ? SHARE_STORED : SHARE_NOTHING;
	return announce(fs, s) ? SHARE_ASKED : SHARE_NOTHING;
}

/* ---- attributes ---- */

/*
 * The kernel drops its pages when this is another one than it was told last, and must do so only
 * when they are of another text: as long as what is stored there is what is shown, it stays.
 */
static struct timespec mtime_of(struct shared *s)
{
	if (!s->pushed || !s->told.tv_sec)
		s->told = s->row->made;
	return s->told;
}

static uint32_t size_of(const struct shared *s)
{
	return MAX(s->coming.block ? s->coming.len : 0, text_unpack(s->row->text).len);
}

void shared_known(struct fs *fs, fuse_ino_t ino, struct stat *st)
{
	struct shared *s;

	if (shared_get(fs, fs->ttl ? ino | FAST : ino, false, &s) < 0)
		return;
	st->st_size = size_of(s);
	st->st_mtim = st->st_ctim = mtime_of(s);
	shared_put(s);
}

/*
 * Are all who have it open at its start or its end? Each process is looked at once, however often
 * it has it open; of more of them than this, who can tell in time?
 */
static bool all_at_rest(struct fs *fs, const struct shared *s)
{
	uint32_t len = text_unpack(s->row->text).len, n = 0, i;
	pid_t seen[READERS_MAX];
	struct open_row *row;

	for (uint32_t at = 0; (row = open_row_next(fs->opens, &at));) {
		pid_t pid = row->pid;

		if (row->state != OPEN_SHARED || row->ino != s->ino)
			continue;
		for (i = 0; i < n && seen[i] != pid;)
			i++;
		if (i < n)
			continue;
		if (n == READERS_MAX || !reader_at_rest(fs->host, pid, s->ino, len))
			return false;
		seen[n++] = pid;
	}
	return true;
}

/* Who has read a file and begins at its start again wants it anew, as of the kernel's own. */
static bool wants_anew(struct fs *fs, const struct shared *s, pid_t pid)
{
	/* Asked before, of a worker that ended: he may have had its answer, and read on since. */
	return !slot_is_left() && !is_fresh(fs, s) &&
	       reader_at_start(fs->host, pid, s->ino, text_unpack(s->row->text).len);
}

/*
 * Others have it open, too. Who is at rest now can be in the middle of it before the kernel hears
 * of another text, or long before, where this worker ends. So it is only told that there is one, by
 * its time and length, whereupon it drops its pages; who then comes for them finds that nobody has
 * read on meanwhile, and makes it the text, or that somebody has, and it never was
 * (commit_coming()). The kernel is told the larger length, and corrects it by what it gets.
 */
static void announce_coming(struct fs *fs, struct shared *s, struct container *c)
{
	struct text t;
	uint64_t tick;

	if (!all_at_rest(fs, s) || make(fs, s, c, &t, &tick) < 0)
		return;
	drop_coming(fs, s);
	s->coming = t;
	s->coming_tick = tick;
	clock_gettime(CLOCK_REALTIME, &s->row->made);
	s->pushed = false;
}

/* With the lock held; who asks for the text from @at on has no page of it. */
static void commit_coming(struct fs *fs, struct shared *s, size_t at)
{
	if (!s->coming.block)
		return;
	s->kernel_len = LEN_UNKNOWN;
	if (at == 0 && all_at_rest(fs, s)) {
		show(fs, s, s->coming, s->coming_tick);
		s->coming = (struct text){ 0 };
		return;
	}
	drop_coming(fs, s);
}

void shared_attr(struct fs *fs, fuse_ino_t ino, struct container *c, pid_t reader, struct stat *st)
{
	struct shared *s;

	if (shared_get(fs, ino, true, &s) < 0)
		return;
	if (s->row->text == 0 || (reader && s->opens < 2 && wants_anew(fs, s, reader)))
		(void)renew(fs, s, c);
	else if (reader && s->opens > 1 && wants_anew(fs, s, reader))
		announce_coming(fs, s, c);
	st->st_size = size_of(s);
	st->st_mtim = st->st_ctim = mtime_of(s);
	if (s->kernel_len != (uint32_t)st->st_size)
		s->kernel_len = LEN_UNKNOWN;
	shared_put(s);
}

bool is_shared(const struct fs *fs, struct at at, pid_t reader)
{
	return at.slot && !file_is_direct(fs->tree.node[at.node].file) &&
	       !wants_32bit(fs, at, reader);
}

enum share shared_open(struct fs *fs, fuse_ino_t ino, struct container *c)
{
	enum share share;
	struct shared *s;

	if (shared_get(fs, ino, true, &s) < 0)
		return SHARE_NOTHING;
	share = can_share(fs, s, c);
	s->opens += share != SHARE_NOTHING;
	shared_put(s);
	return share;
}

void shared_close(struct fs *fs, fuse_ino_t ino)
{
	struct shared *s;

	if (shared_get(fs, ino, false, &s) < 0)
		return;
	s->opens--;
	shared_put(s);
}

/* Of all others nothing is ever stored. */
static bool is_stored(const struct fs *fs, fuse_ino_t ino)
{
	struct at at = at_of(ino);

	return at.slot && node_at(fs, at) && !file_is_direct(fs->tree.node[at.node].file);
}

int stranger_open(struct fs *fs, fuse_ino_t ino)
{
	struct shared *s;
	int r = is_stored(fs, ino) ? shared_get(fs, ino, true, &s) : -ENOENT;

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	s->strangers++;
	shared_put(s);
	return 0;
}

void stranger_close(struct fs *fs, fuse_ino_t ino)
{
	struct shared *s;

	if (!is_stored(fs, ino) || shared_get(fs, ino, false, &s) < 0)
		return;
	s->strangers--;
	shared_put(s);
}

int shared_part(struct fs *fs, fuse_ino_t ino, size_t size, size_t at, struct moment *out)
{
	struct shared *s;
	struct text t;
	int r = shared_get(fs, ino, false, &s);

	if (r < 0)
		return -ESTALE;
	commit_coming(fs, s, at);
	t = text_unpack(s->row->text);
	r = t.block ? text_part(fs, t, size, at, out) : -EIO;
	shared_put(s);
	return r;
}

/* ---- by the page cache ---- */

static int64_t age_of(const struct stored_row *row)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (t.tv_sec - row->made.tv_sec) * 1000000000ll + (t.tv_nsec - row->made.tv_nsec);
}

/* A clock that was set back makes no text last for ever. */
static bool is_old(const struct fs *fs, const struct stored_row *row)
{
	int64_t age = age_of(row);

	return !text_unpack(row->text).block || age < 0 || age >= (int64_t)fs->ttl;
}

int fast_attr(struct fs *fs, fuse_ino_t ino, struct container *c, struct stat *st, double *left)
{
	struct shared *s;
	int r = shared_get(fs, ino | FAST, true, &s);

	if (r < 0)
		return r;
	if (is_old(fs, s->row))
		r = renew(fs, s, c);
	st->st_size = text_unpack(s->row->text).len;
	st->st_mtim = st->st_ctim = s->row->made;
	*left = (double)MAX((int64_t)fs->ttl - age_of(s->row), 0) / 1e9;
	shared_put(s);
	return r;
}

/* Of what the size was told of last: a reader that comes late asks for that again. */
int fast_part(struct fs *fs, fuse_ino_t ino, struct container *c, size_t size, size_t at,
	      struct moment *out)
{
	struct shared *s;
	int r = shared_get(fs, ino | FAST, true, &s);

	if (r < 0)
		return r;
	if (!text_unpack(s->row->text).block)
		r = renew(fs, s, c);
	if (r == 0)
		r = text_part(fs, text_unpack(s->row->text), size, at, out);
	shared_put(s);
	return r;
}

/* ---- what is left of workers before ---- */

static int restore_stored(struct fs *fs, struct stored_row *row)
{
	struct shared **at = place_of(fs->sharing, row->ino);

	/* Two of one inode: a worker ended between making one and dropping the other. */
	return *at ? -EEXIST : shared_new(fs, row->ino, row, at);
}

static void restore_trigger(struct fs *fs, const struct open_row *row, struct container *c)
{
	uint64_t fh = open_row_handle(fs->opens, row);
	const struct node *n = node_at(fs, at_of(row->ino));
	enum cgv_pressure kind;

	if (!row->trigger.len || row->trigger.len > sizeof(row->trigger.text) || !n ||
	    !pressure_kind(n->path, &kind))
		return;
	if (psi_set(fs->psi, c, kind, row->trigger.text, row->trigger.len, fh) == 0)
		(void)psi_poll(fs->psi, fh, row->trigger.waiter);
}

static void restore_open(struct fs *fs, const struct open_row *row)
{
	auto_container c = registry_by_slot(fs->registry, row->owner);
	struct shared *s;

	if (row->state == OPEN_SHARED && shared_get(fs, row->ino, true, &s) == 0) {
		s->opens++;
		shared_put(s);
	}
	if (row->state == OPEN_PRIVATE && stranger_open(fs, row->ino) < 0)
		warn(-ENOMEM, "count who has inode %#llx open", (unsigned long long)row->ino);
	if (c)
		holds_restore(&c->holds, text_bytes(text_unpack(row->text)));
	if (row->state == OPEN_PRIVATE && c)
		restore_trigger(fs, row, c);
}

void shared_restore(struct fs *fs)
{
	struct stored_row *stored;
	struct open_row *row;

	for (uint32_t at = 0; (stored = stored_row_next(fs->opens, &at));)
		if (restore_stored(fs, stored) < 0)
			stored_row_free(fs->opens, stored);
	for (uint32_t at = 0; (row = open_row_next(fs->opens, &at));)
		restore_open(fs, row);
}
