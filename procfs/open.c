// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>

#include "base/say.h"
#include "procfs/die.h"
#include "procfs/open.h"
#include "procfs/refuse.h"
#include "procfs/serve.h"
#include "procfs/shared.h"

/* ---- open ---- */

bool takes_triggers(const struct fs *fs, struct at at)
{
	const struct node *n = node_at(fs, at);

	return n && file_is_writable(n->file);
}

#define LOCKS 64
static pthread_mutex_t locks[LOCKS] = { [0 ... LOCKS - 1] = PTHREAD_MUTEX_INITIALIZER };

/* Of what a row has for its own reader: no more than one request at a time changes it. */
static pthread_mutex_t *lock_of(const struct fs *fs, const struct open_row *row)
{
	return &locks[open_row_handle(fs->opens, row) % LOCKS];
}

/* From here on it is open, whatever becomes of us. */
static int commit(fuse_req_t req, fuse_ino_t ino, const struct container *c, struct text t,
		  enum open_state state, struct open_row **out)
{
	struct fs *fs = fs_of(req);
	struct open_row *row;
	int r = open_row_new(fs->opens, &row);

	if (r < 0)
		return r;
	row->ino = ino;
	row->pid = fuse_req_ctx(req)->pid;
	row->unique = slot_unique();
	row->owner = c ? c->slot : 0;
	row->text = text_pack(t);
	atomic_store(&row->state, state);
	*out = row;
	return 0;
}

static int commit_private(fuse_req_t req, fuse_ino_t ino, struct container *c,
			  const struct moment *m, struct open_row **out)
{
	struct fs *fs = fs_of(req);
	size_t bytes;
	struct text t;
	int r = text_put(fs->opens, m->text, m->len, &t);

	if (r < 0)
		return r == -ENOSPC ? -ENFILE : r;
	bytes = text_bytes(t);
	r = c ? holds_bytes(&c->holds, bytes, texts_free(fs->opens)) : 0;
	if (r < 0) {
		text_drop(fs->opens, t);
		return r;
	}
	r = stranger_open(fs, ino);
	if (r == 0) {
		r = commit(req, ino, c, t, OPEN_PRIVATE, out);
		if (r < 0)
			stranger_close(fs, ino);
	}
	if (r < 0)
		text_drop(fs->opens, t);
	if (c && r < 0)
		holds_resize(&c->holds, bytes, 0);
	return r;
}

static int open_private(fuse_req_t req, fuse_ino_t ino, struct container *c, struct open_row **out)
{
	struct moment m;
	int r = c ? holds_text(&c->holds) : 0;

	if (r < 0)
		return r;
	r = make_text(fs_of(req), at_of(ino), c, fuse_req_ctx(req)->pid, &m);
	if (r == 0)
		r = commit_private(req, ino, c, &m, out);
	if (c && r < 0)
		holds_drop_text(&c->holds, 0);
	return r;
}

static int open_text(fuse_req_t req, fuse_ino_t ino, bool writes, struct container *c, bool *stored,
		     struct open_row **out)
{
	enum share share = SHARE_NOTHING;
	struct fs *fs = fs_of(req);
	int r;

	if (c && !writes && is_shared(fs, at_of(ino), fuse_req_ctx(req)->pid))
		share = shared_open(fs, ino, c);
	if (share == SHARE_NOTHING)
		return open_private(req, ino, c, out);
	*stored = share == SHARE_STORED;
	r = commit(req, ino, c, (struct text){ 0 }, OPEN_SHARED, out);
	if (r < 0)
		shared_close(fs, ino);
	return r;
}

/* *stored: what he is to be shown is in the page cache. */
static int open_row(fuse_req_t req, fuse_ino_t ino, int flags, bool *stored, struct open_row **out)
{
	struct fs *fs = fs_of(req);
	struct at at = at_of(ino);
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	auto_container c = NULL;
	int r;

	if (!node_at(fs, at))
		return -ESTALE;
	if (writes && !takes_triggers(fs, at))
		return -EACCES;
	r = may_see(req, at);
	if (r == 0)
		r = owner_of(req, at, &c);
	if (r < 0)
		return r;
	r = c ? holds_open(&c->holds) : 0;
	if (r < 0)
		return r;
	r = open_text(req, ino, writes, c, stored, out);
	if (c && r < 0)
		holds_close(&c->holds);
	return r;
}

static void close_row(struct fs *fs, struct open_row *row)
{
	auto_container c = registry_by_slot(fs->registry, row->owner);
	bool shared = row->state == OPEN_SHARED;
	fuse_ino_t ino = row->ino;
	pthread_mutex_t *lock = lock_of(fs, row);
	size_t bytes;

	if (!shared)
		psi_drop(fs->psi, open_row_handle(fs->opens, row));
	pthread_mutex_lock(lock);
	bytes = text_bytes(text_unpack(row->text));
	open_row_free(fs->opens, row);
	pthread_mutex_unlock(lock);
	if (shared)
		shared_close(fs, ino);
	else
		stranger_close(fs, ino);
	if (c)
		holds_close(&c->holds);
	if (c && !shared)
		holds_drop_text(&c->holds, bytes);
}

/* What another worker opened for this very request, before it ended. */
static struct open_row *find_left(const struct fs *fs, uint64_t unique)
{
	struct open_row *row;

	for (uint32_t at = 0; (row = open_row_next(fs->opens, &at));)
		if (row->unique == unique)
			return row;
	return NULL;
}

void fs_refused(void *fs, uint64_t unique)
{
	struct open_row *row = find_left(fs, unique);

	if (row)
		close_row(fs, row);
}

void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct open_row *row = slot_is_left() ? find_left(fs, slot_unique()) : NULL;
	bool was_open = row != NULL, stored = false;
	/* What the page cache serves nobody opens: the kernel does not ask a second time. */
	int r = fs->ttl ? -ENOSYS : was_open ? 0 : open_row(req, ino, fi->flags, &stored, &row);

	if (r < 0) {
		reply_err(req, -r);
		return;
	}
	fi->fh = open_row_handle(fs->opens, row);
	fi->keep_cache = stored;
	fi->direct_io = row->state == OPEN_PRIVATE;
	fi->noflush = 1;
	DIE_AT("open");
	r = fuse_reply_open(req, fi);
	/*
	 * Nobody waits for it. If it is a worker before us that opened it, that one has answered;
	 * else the caller went meanwhile, and no RELEASE will come.
	 */
	if (r < 0 && !was_open)
		close_row(fs, row);
}

void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct open_row *row = open_row_of(fs->opens, fi->fh);

	(void)ino;
	if (row)
		close_row(fs, row);
	DIE_AT("release");
	reply_err(req, 0);
}

/* ---- read ---- */

static int read_fast(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct moment *out)
{
	struct at at = at_of(ino);
	auto_container c = NULL;
	int r = node_at(fs_of(req), at) && at.slot && off >= 0 ? owner_of(req, at, &c) : -ESTALE;

	return r < 0 ? r : fast_part(fs_of(req), ino, c, size, (size_t)off, out);
}

/* As with the kernel's own files: top and vmstat keep theirs open and rewind. */
static int read_anew(fuse_req_t req, fuse_ino_t ino, struct open_row *row, off_t off)
{
	struct fs *fs = fs_of(req);
	auto_container c = NULL;
	struct moment m;
	struct text t;
	int r;

	/* The same request once more: its answer may have come through, and is not changed. */
	if (off != 0 || row->begun == slot_unique())
		return 0;
	if (!row->begun) {
		row->begun = slot_unique();
		return 0;
	}
	r = owner_of(req, at_of(ino), &c);
	if (r == 0)
		r = make_text(fs, at_of(ino), c, fuse_req_ctx(req)->pid, &m);
	if (r == 0)
		r = text_put(fs->opens, m.text, m.len, &t);
	if (r < 0)
		return r;
	if (c)
		holds_resize(&c->holds, text_bytes(text_unpack(row->text)), text_bytes(t));
	text_set(fs, &row->text, t);
	row->begun = slot_unique();
	return 0;
}

static int read_private(fuse_req_t req, fuse_ino_t ino, struct open_row *row, size_t size,
			off_t off, struct moment *out)
{
	struct fs *fs = fs_of(req);
	pthread_mutex_t *lock = lock_of(fs, row);
	int r;

	pthread_mutex_lock(lock);
	r = read_anew(req, ino, row, off);
	if (r == 0)
		r = text_part(fs, text_unpack(row->text), size, (size_t)off, out);
	pthread_mutex_unlock(lock);
	return r;
}

void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct open_row *row = open_row_of(fs->opens, fi->fh);
	struct moment part = { 0 };
	int r;

	if (fs->ttl)
		r = read_fast(req, ino, size, off, &part);
	else if (!row)
		r = -EBADF;
	else if (row->state == OPEN_SHARED)
		r = shared_part(fs, ino, size, (size_t)off, &part);
	else if (!fi->lock_owner || off < 0)
		/*
		 * No owner: not a read(2), but the page cache being filled, for sendfile(2) or
		 * mmap(2), where it is shared by all openers of a file that is not. EINVAL is what
		 * callers go on with by read(2).
		 */
		r = -EINVAL;
	else
		r = read_private(req, ino, row, size, off, &part);
	DIE_AT("part");
	/* With no lock: once it is answered the file can be closed, and the row is gone. */
	if (r < 0)
		reply_err(req, -r);
	else
		fuse_reply_buf(req, part.text, part.len);
}

/* ---- pressure triggers ---- */

static int set_trigger(struct fs *fs, struct open_row *row, const char *buf, size_t size)
{
	struct at at = at_of(row->ino);
	auto_container c = NULL;
	enum cgv_pressure kind;
	int r;

	if (!takes_triggers(fs, at) || !pressure_kind(fs->tree.node[at.node].path, &kind))
		return -EACCES;
	if (!row->owner) /* the host has its own file for that */
		return -EOPNOTSUPP;
	c = registry_by_slot(fs->registry, row->owner);
	if (!c)
		return -ESTALE;
	r = psi_set(fs->psi, c, kind, buf, size, open_row_handle(fs->opens, row));
	if (r == -EBUSY && slot_is_left()) /* set by the worker before us */
		return 0;
	if (r == 0 && size <= sizeof(row->trigger.text)) {
		memcpy(row->trigger.text, buf, size);
		row->trigger.len = (uint32_t)size;
	}
	return r;
}

void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
	      struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct open_row *row = open_row_of(fs->opens, fi->fh);
	int r = fs->ttl ? -EACCES : -EBADF;

	(void)off;
	(void)ino;
	if (row && row->state == OPEN_PRIVATE) {
		pthread_mutex_lock(lock_of(fs, row));
		r = set_trigger(fs, row, buf, size);
		pthread_mutex_unlock(lock_of(fs, row));
	}
	if (r < 0)
		reply_err(req, -r);
	else
		fuse_reply_write(req, size);
}

/*
 * Answered for every file: ENOSYS for one would be taken for all. Where there can be no trigger
 * nothing ever changes, and nobody is made to wait.
 */
void fs_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	struct fs *fs = fs_of(req);

	struct open_row *row = open_row_of(fs->opens, fi->fh);

	if (takes_triggers(fs, at_of(ino)) && row) {
		uint64_t waiter = ph ? slot_waiter() : 0;

		pthread_mutex_lock(lock_of(fs, row));
		if (waiter)
			row->trigger.waiter = waiter;
		pthread_mutex_unlock(lock_of(fs, row));
		if (ph)
			fuse_pollhandle_destroy(ph);
		fuse_reply_poll(req, psi_poll(fs->psi, fi->fh, waiter));
		return;
	}
	if (ph)
		fuse_pollhandle_destroy(ph);
	fuse_reply_poll(req, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}
