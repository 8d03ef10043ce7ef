// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An inode number is the container's slot and the node in the tree: nothing is looked up by
 * name once a file is bound into a container. Slot 0 is the tree by caller.
 */
#include <fuse_lowlevel.h>
#include <limits.h>
#include <poll.h>
#include <sys/personality.h>

#include "base/say.h"
#include "procfs/fs.h"
#include "procfs/refuse.h"

#define NODE_BITS 24
#define NODE_CT	  ((1u << NODE_BITS) - 1) /* the directory ct/, in slot 0 only */

/*
 * Of a file nobody has asked the size of. Not 0: the kernel would take sendfile(2) for done
 * before it began, without asking us.
 */
#define SOME_SIZE 4096

#define FOREVER	 86400.0 /* what cannot change while it has that inode */
#define NOT_KEPT 0.0	 /* what can be different at the next look */

struct at {
	uint32_t slot, node;
};

static fuse_ino_t ino_of(uint32_t slot, uint32_t node)
{
	return (fuse_ino_t)slot << NODE_BITS | node;
}

static struct at at_of(fuse_ino_t ino)
{
	return (struct at){ (uint32_t)(ino >> NODE_BITS), (uint32_t)(ino & (NODE_CT)) };
}

static struct fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* Whose files these are, a reference; NULL with 0: the host's own. */
static int owner_of(fuse_req_t req, struct at at, struct container **out)
{
	struct fs *fs = fs_of(req);

	if (!at.slot)
		return caller_container(fs->callers, fuse_req_ctx(req)->pid, out);
	*out = registry_by_slot(fs->registry, at.slot);
	return *out ? 0 : -ESTALE;
}

static void put_container(struct container **c)
{
	container_put(*c);
}
#define auto_container CLEANUP(put_container) struct container *

/* Only in a cpuN or nodeN directory does it matter who looks. */
static int may_see(fuse_req_t req, struct at at)
{
	struct fs *fs = fs_of(req);
	auto_container c = NULL;
	struct seen seen;
	int r;

	if (!tree_selects(&fs->tree, at.node))
		return 0;
	r = owner_of(req, at, &c);
	if (r < 0 || !c)
		return r;
	r = container_seen(c, &seen);
	return r < 0 ? r : tree_hides(&fs->tree, at.node, &seen) ? -ENOENT : 0;
}

static int attr_of(struct fs *fs, struct at at, struct stat *st)
{
	*st = (struct stat){ .st_ino = ino_of(at.slot, at.node), .st_nlink = 1 };
	st->st_mtim.tv_sec = fs->since;
	if (at.node == NODE_CT) {
		st->st_mode = S_IFDIR | 0500;
	} else if (at.node == NODE_NONE || at.node >= fs->tree.n) {
		return -ESTALE;
	} else {
		st->st_mode = fs->tree.node[at.node].mode;
		/* The host's tools may look in; containers know of no others. */
		if (at.slot && at.node == NODE_ROOT)
			st->st_mode = S_IFDIR | 0500;
	}
	if (at.slot) {
		struct container *c = registry_by_slot(fs->registry, at.slot);

		if (!c)
			return -ESTALE;
		st->st_mtim = c->born;
		container_put(c);
	}
	st->st_ctim = st->st_atim = st->st_mtim;
	if (S_ISREG(st->st_mode))
		st->st_size = SOME_SIZE;
	if (S_ISDIR(st->st_mode))
		st->st_nlink = 2;
	return 0;
}

static void fs_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	/*
	 * Without the last the kernel asks before it empties a file. By itself it sets a size of 0
	 * in the inode, which is one for all readers, and leaves it there until somebody asks.
	 */
	conn->want &=
	    ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_ATOMIC_O_TRUNC);
	conn->max_readahead = 0;
}

static double kept(struct fs *fs, struct at at)
{
	return at.slot && at.node == NODE_ROOT ? NOT_KEPT
	       : at.node != NODE_CT &&
		       (fs->tree.node[at.node].cpu >= 0 || fs->tree.node[at.node].numa >= 0 ||
			fs->tree.node[at.node].any)
		   ? NOT_KEPT
		   : FOREVER;
}

/* The name of a container below ct/, or of a node below a directory. */
static int find(fuse_req_t req, struct at dir, const char *name, struct at *out)
{
	struct fs *fs = fs_of(req);

	*out = (struct at){ dir.slot, NODE_NONE };
	if (dir.slot == 0 && dir.node == NODE_CT) {
		if (!caller_sees_all(fs->callers, fuse_req_ctx(req)->pid))
			return -ENOENT;
		auto_container c = registry_by_name(fs->registry, name);

		if (c && !container_dead(c))
			*out = (struct at){ c->slot, NODE_ROOT };
	} else if (dir.slot == 0 && dir.node == NODE_ROOT && strcmp(name, "ct") == 0) {
		out->node = NODE_CT;
	} else if (dir.node < fs->tree.n) {
		out->node = tree_child(&fs->tree, dir.node, name);
		if (out->node != NODE_NONE)
			return may_see(req, *out);
	}
	return out->node == NODE_NONE ? -ENOENT : 0;
}

static double attr_kept(const struct stat *st, struct at at)
{
	return S_ISREG(st->st_mode) ? NOT_KEPT : at.slot ? 1.0 : FOREVER;
}

static void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { 0 };
	struct at at;
	int r;

	r = find(req, at_of(parent), name, &at);
	if (r == 0)
		r = attr_of(fs_of(req), at, &e.attr);
	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	e.ino = ino_of(at.slot, at.node);
	e.entry_timeout = kept(fs_of(req), at);
	e.attr_timeout = attr_kept(&e.attr, at);
	fuse_reply_entry(req, &e);
}

static void fs_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fs_of(req);
	struct at at = at_of(ino);
	char to[PATH_MAX];
	ssize_t n;

	if (at.node >= fs->tree.n || !S_ISLNK(fs->tree.node[at.node].mode)) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	n = readlinkat(fs->host->root, fs->tree.node[at.node].path, to, sizeof(to) - 1);
	if (n < 0) {
		fuse_reply_err(req, errno);
		return;
	}
	to[n] = '\0';
	fuse_reply_readlink(req, to);
}

/* ---- files ---- */

/* The host's own readers of the tree by caller get the host's own file. */
static int host_text(struct fs *fs, const char *path, struct snapshot **out)
{
	struct scratch *t = scratch_get();
	struct snapshot *s;
	struct span text;
	int r;

	if (!t)
		return -ENOMEM;
	r = cgv_read_text(fs->host->root, path, &t->host, &text);
	if (r < 0)
		return r;
	s = malloc(sizeof(*s) + span_len(text));
	if (!s)
		return -ENOMEM;
	s->owner = NULL;
	s->len = span_len(text);
	memcpy(s->text, text.p, s->len);
	*out = s;
	return 0;
}

/* A thread's personality is its own: where it matters, ours is the caller's for that long. */
static int render(fuse_req_t req, struct container *c, const struct node *n, struct snapshot **out)
{
	struct fs *fs = fs_of(req);
	bool as_32bit = (n->file->needs & NEED_PERSONALITY) &&
			caller_is_32bit(fs->host, fuse_req_ctx(req)->pid);
	int before = as_32bit ? personality(PER_LINUX32) : 0;
	int r = c ? container_render(c, n->file, n->path, out) : host_text(fs, n->path, out);

	if (as_32bit)
		(void)personality((unsigned long)before);
	return r;
}

static int open_text(fuse_req_t req, struct at at, struct snapshot **out)
{
	struct fs *fs = fs_of(req);
	auto_container c = NULL;
	const struct node *n;
	int r;

	if (at.node >= fs->tree.n || !fs->tree.node[at.node].file)
		return -ESTALE;
	n = &fs->tree.node[at.node];
	r = may_see(req, at);
	if (r == 0)
		r = owner_of(req, at, &c);
	if (r < 0)
		return r;
	r = render(req, c, n, out);
	/* The container ended: its files are no more. */
	return c && (r == -ENOENT || r == -ENODEV) && container_dead(c) ? -ESTALE : r;
}

/* Size and time are those of the text an open at this moment would be given. */
static void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct at at = at_of(ino);
	struct snapshot *s;
	struct stat st;
	int r;

	(void)fi;
	r = attr_of(fs_of(req), at, &st);
	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	if (S_ISREG(st.st_mode) && open_text(req, at, &s) == 0) {
		st.st_size = (off_t)s->len;
		clock_gettime(CLOCK_REALTIME, &st.st_mtim);
		st.st_ctim = st.st_mtim;
		snapshot_free(s);
	}
	fuse_reply_attr(req, &st, attr_kept(&st, at));
}

static bool takes_triggers(const struct fs *fs, struct at at)
{
	const struct file *f = at.node < fs->tree.n ? fs->tree.node[at.node].file : NULL;

	return f && file_is_writable(f);
}

/* A shell's ">" empties a file before it writes: a pressure file lets it, and stays as it is. */
static void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int set,
		       struct fuse_file_info *fi)
{
	const int more = FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID;

	if ((set & FUSE_SET_ATTR_SIZE) && !(set & more) && takes_triggers(fs_of(req), at_of(ino)))
		fs_getattr(req, ino, fi);
	else
		refuse_setattr(req, ino, st, set, fi);
}

/* An open file: one text from its start to its end. */
struct handle {
	pthread_mutex_t lock; /* of the two below */
	struct snapshot *text;
	bool begun; /* its start was read: who reads there again wants to know anew */
	struct trigger *_Atomic trigger; /* on a pressure file; NULL: none */
};

static struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

static void handle_free(struct fs *fs, struct handle *h)
{
	psi_drop(fs->psi, h->trigger);
	snapshot_free(h->text);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

static int handle_new(struct snapshot *text, struct handle **out)
{
	struct handle *h = calloc(1, sizeof(*h));

	if (!h) {
		snapshot_free(text);
		return -ENOMEM;
	}
	pthread_mutex_init(&h->lock, NULL);
	h->text = text;
	*out = h;
	return 0;
}

static void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct snapshot *s;
	struct handle *h = NULL;
	int r = -EACCES;

	if ((fi->flags & O_ACCMODE) == O_RDONLY || takes_triggers(fs_of(req), at_of(ino)))
		r = open_text(req, at_of(ino), &s);
	if (r == 0)
		r = handle_new(s, &h);
	if (r < 0) {
		fuse_reply_err(req, -r);
		return;
	}
	fi->fh = (uint64_t)(uintptr_t)h;
	fi->direct_io = 1;
	fi->noflush = 1;
	if (fuse_reply_open(req, fi) < 0) /* the caller went meanwhile: no RELEASE will come */
		handle_free(fs_of(req), h);
}

/* As with the kernel's own files: top and vmstat keep theirs open and rewind. */
static int read_anew(fuse_req_t req, struct at at, struct handle *h, off_t off)
{
	struct snapshot *s;
	int r;

	if (off != 0 || !h->begun) {
		h->begun |= off == 0;
		return 0;
	}
	r = open_text(req, at, &s);
	if (r < 0)
		return r;
	snapshot_free(h->text);
	h->text = s;
	return 0;
}

/* A copy in the thread's own buffer: the text can be another one as soon as the lock is free. */
static int copy_part(const struct snapshot *s, size_t size, size_t at, const char **part,
		     size_t *len)
{
	struct scratch *t = scratch_get();
	int r;

	*len = at < s->len ? MIN(size, s->len - at) : 0;
	r = t ? cgv_text_reserve(&t->out, MAX(*len, (size_t)1)) : -ENOMEM;
	if (r < 0)
		return r;
	if (*len)
		memcpy(t->out.p, s->text + at, *len);
	*part = t->out.p;
	return 0;
}

static void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	const char *part;
	size_t len;
	int r;

	/*
	 * No owner: not a read(2), but the page cache being filled, for sendfile(2) or mmap(2). It
	 * is shared by all openers, and these see different moments and containers. EINVAL is what
	 * callers go on with by read(2).
	 */
	if (!fi->lock_owner || off < 0) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	pthread_mutex_lock(&h->lock);
	r = read_anew(req, at_of(ino), h, off);
	if (r == 0)
		r = copy_part(h->text, size, (size_t)off, &part, &len);
	pthread_mutex_unlock(&h->lock);
	/* Not before: once it is answered the file can be closed, and the handle is gone. */
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, part, len);
}

static void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	handle_free(fs_of(req), handle_of(fi));
	fuse_reply_err(req, 0);
}

/* ---- pressure triggers ---- */

static int set_trigger(struct fs *fs, struct at at, const char *buf, size_t size, struct handle *h)
{
	enum cgv_pressure kind;
	struct trigger *t;
	int r;

	if (!takes_triggers(fs, at) || !pressure_kind(fs->tree.node[at.node].path, &kind))
		return -EACCES;
	if (!h->text->owner) /* the host has its own file for that */
		return -EOPNOTSUPP;
	r = psi_set(fs->psi, h->text->owner, kind, buf, size, &t);
	if (r == 0)
		h->trigger = t;
	return r;
}

static void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	int r;

	(void)off;
	/* One trigger a file, as in the kernel; two writers at once are two writers too many. */
	pthread_mutex_lock(&h->lock);
	r = h->trigger ? -EBUSY : set_trigger(fs_of(req), at_of(ino), buf, size, h);
	pthread_mutex_unlock(&h->lock);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_write(req, size);
}

/*
 * Answered for every file: ENOSYS for one would be taken for all. Where there can be no trigger
 * nothing ever changes, and nobody is made to wait.
 */
static void fs_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		    struct fuse_pollhandle *ph)
{
	struct fs *fs = fs_of(req);

	if (takes_triggers(fs, at_of(ino))) {
		fuse_reply_poll(req, psi_poll(fs->psi, handle_of(fi)->trigger, ph));
		return;
	}
	if (ph)
		fuse_pollhandle_destroy(ph);
	fuse_reply_poll(req, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}

/* ---- directories ---- */

#define PLACE_FIRST 3 /* behind "." and ".." */

struct listing {
	fuse_req_t req;
	char *buf;
	size_t size, len;
	off_t had; /* the place of the last entry the reader has had */
};

/*
 * @place: of the entry, the same at each look and larger than that of the one before: others come
 * and go between two reads of one reader. False: the buffer is full.
 */
static bool list(struct listing *l, off_t place, struct at at, const char *name, mode_t mode)
{
	struct stat st = { .st_ino = ino_of(at.slot, at.node), .st_mode = mode };
	size_t n;

	if (place <= l->had)
		return true;
	n = fuse_add_direntry(l->req, l->buf + l->len, l->size - l->len, name, &st, place);
	if (n > l->size - l->len)
		return false;
	l->len += n;
	return true;
}

static int list_containers(struct fs *fs, struct listing *l)
{
	struct container **all;
	unsigned n;
	int r;

	if (!caller_sees_all(fs->callers, fuse_req_ctx(l->req)->pid))
		return 0;
	r = registry_all(fs->registry, &all, &n);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < n; i++) /* the newest first */
		if (all[i]->name &&
		    !list(l, PLACE_FIRST + (UINT32_MAX - all[i]->slot),
			  (struct at){ all[i]->slot, NODE_ROOT }, all[i]->name, S_IFDIR))
			break;
	registry_put_all(all, n);
	return 0;
}

static int list_nodes(struct fs *fs, struct at dir, const struct container *c,
		      const struct seen *seen, struct listing *l)
{
	uint32_t i;

	if (dir.node >= fs->tree.n)
		return -ESTALE;
	for (i = fs->tree.node[dir.node].child; i != NODE_NONE; i = fs->tree.node[i].next)
		if (!(c && tree_hides(&fs->tree, i, seen)) &&
		    !list(l, PLACE_FIRST + i, (struct at){ dir.slot, i }, fs->tree.node[i].name,
			  fs->tree.node[i].mode))
			return 0;
	if (dir.slot == 0 && dir.node == NODE_ROOT)
		(void)list(l, PLACE_FIRST + NODE_CT, (struct at){ 0, NODE_CT }, "ct", S_IFDIR);
	return 0;
}

static int list_dir(fuse_req_t req, struct at at, struct listing *l)
{
	struct fs *fs = fs_of(req);
	auto_container c = NULL;
	struct seen seen;
	int r;

	if (!list(l, 1, at, ".", S_IFDIR) || !list(l, 2, at, "..", S_IFDIR))
		return 0;
	if (at.slot == 0 && at.node == NODE_CT)
		return list_containers(fs, l);
	r = owner_of(req, at, &c);
	if (r == 0 && c)
		r = container_seen(c, &seen);
	return r < 0 ? r : list_nodes(fs, at, c, &seen, l);
}

static void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct listing l = { .req = req, .size = size < 65536 ? size : 65536, .had = off };
	auto_free char *buf = malloc(l.size);
	int r;

	(void)fi;
	if (!buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	l.buf = buf;
	r = list_dir(req, at_of(ino), &l);
	if (r < 0)
		fuse_reply_err(req, -r);
	else
		fuse_reply_buf(req, buf, l.len);
}

const struct fuse_lowlevel_ops fs_operations = {
	.init = fs_init,
	.lookup = fs_lookup,
	.getattr = fs_getattr,
	.readlink = fs_readlink,
	.open = fs_open,
	.read = fs_read,
	.write = fs_write,
	.poll = fs_poll,
	.release = fs_release,
	.readdir = fs_readdir,
	.setattr = fs_setattr,
	.mknod = refuse_mknod,
	.mkdir = refuse_mkdir,
	.unlink = refuse_unlink,
	.rmdir = refuse_unlink,
	.symlink = refuse_symlink,
	.rename = refuse_rename,
	.link = refuse_link,
};
