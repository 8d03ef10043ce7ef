// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <linux/fuse.h>

#include "base/say.h"
#include "procfs/refuse.h"
#include "procfs/shared.h"

/*
 * Of a file nobody has asked the size of. Not 0: the kernel would take sendfile(2) for done
 * before it began, without asking us.
 */
#define SOME_SIZE 4096

#define FOREVER	 86400.0 /* what cannot change while it has that inode */
#define NOT_KEPT 0.0	 /* what can be different at the next look */

/* Whose files these are, a reference; NULL with 0: the host's own. */
int owner_of(fuse_req_t req, struct at at, struct container **out)
{
	struct fs *fs = fs_of(req);

	if (!at.slot)
		return caller_container(fs->callers, fuse_req_ctx(req)->pid, out);
	*out = registry_by_slot(fs->registry, at.slot);
	return *out ? 0 : -ESTALE;
}

/* Only in a cpuN or nodeN directory does it matter who looks. */
int may_see(fuse_req_t req, struct at at)
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
	if (S_ISREG(st->st_mode)) {
		st->st_size = SOME_SIZE;
		shared_known(fs, st->st_ino, st);
	}
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
	conn->want |= FUSE_CAP_AUTO_INVAL_DATA;
	conn->max_write = FS_MAX_WRITE;
}

/* Below ct/ only, where an inode is one container's; and not all of its files. */
static bool is_served(const struct fs *fs, struct at at)
{
	const struct node *n = node_at(fs, at);

	return !fs->ttl || (at.slot && (!n || file_is_fast(n->file)));
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
		if (out->node != NODE_NONE && !is_served(fs, *out))
			return -ENOENT;
		if (out->node != NODE_NONE)
			return may_see(req, *out);
	}
	return out->node == NODE_NONE ? -ENOENT : 0;
}

static double attr_kept(const struct fs *fs, const struct stat *st, struct at at)
{
	if (S_ISREG(st->st_mode))
		return at.slot && !fs->ttl ? ATTR_KEPT : NOT_KEPT;
	return at.slot ? 1.0 : FOREVER;
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
		reply_err(req, -r);
		return;
	}
	e.ino = ino_of(at.slot, at.node);
	e.entry_timeout = kept(fs_of(req), at);
	e.attr_timeout = attr_kept(fs_of(req), &e.attr, at);
	fuse_reply_entry(req, &e);
}

static void fs_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fs_of(req);
	struct at at = at_of(ino);
	char to[PATH_MAX];
	ssize_t n;

	if (at.node >= fs->tree.n || !S_ISLNK(fs->tree.node[at.node].mode)) {
		reply_err(req, EINVAL);
		return;
	}
	n = readlinkat(fs->host->root, fs->tree.node[at.node].path, to, sizeof(to) - 1);
	if (n < 0) {
		reply_err(req, errno);
		return;
	}
	to[n] = '\0';
	fuse_reply_readlink(req, to);
}

/*
 * Size and time are those of the text that is shown, or would be; *kept: how long. @fi: who asks is
 * reading.
 */
static void text_attr(fuse_req_t req, fuse_ino_t ino, const struct fuse_file_info *fi,
		      struct stat *st, double *kept)
{
	struct fs *fs = fs_of(req);
	struct at at = at_of(ino);
	pid_t pid = fuse_req_ctx(req)->pid;
	auto_container c = NULL;
	struct moment m;

	if (!node_at(fs, at) || may_see(req, at) < 0 || owner_of(req, at, &c) < 0)
		return;
	if (c && fs->ttl) {
		if (fast_attr(fs, ino, c, st, kept) < 0)
			*kept = NOT_KEPT;
	} else if (c && is_shared(fs, at, pid)) {
		shared_attr(fs, ino, c, fi ? pid : 0, st);
	} else if (make_text(fs, at, c, pid, &m) == 0) {
		st->st_size = (off_t)m.len;
		clock_gettime(CLOCK_REALTIME, &st->st_mtim);
		st->st_ctim = st->st_mtim;
	}
}

static void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct at at = at_of(ino);
	struct stat st;
	double kept;
	int r;

	r = attr_of(fs_of(req), at, &st);
	if (r < 0) {
		reply_err(req, -r);
		return;
	}
	kept = attr_kept(fs_of(req), &st, at);
	if (S_ISREG(st.st_mode))
		text_attr(req, ino, fi, &st, &kept);
	fuse_reply_attr(req, &st, kept);
}

/* A shell's ">" empties a file before it writes: a pressure file lets it, and stays as it is. */
static void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int set,
		       struct fuse_file_info *fi)
{
	const int more = FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID;

	if ((set & FUSE_SET_ATTR_SIZE) && !(set & more) && takes_triggers(fs_of(req), at_of(ino)))
		fs_getattr(req, ino, NULL);
	else
		refuse_setattr(req, ino, st, set, fi);
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
		if (is_served(fs, (struct at){ dir.slot, i }) &&
		    !(c && tree_hides(&fs->tree, i, seen)) &&
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
		reply_err(req, ENOMEM);
		return;
	}
	l.buf = buf;
	r = list_dir(req, at_of(ino), &l);
	if (r < 0)
		reply_err(req, -r);
	else
		fuse_reply_buf(req, buf, l.len);
}

/* A file is shown at its open; where nothing is opened, when it is asked how long it is. */
void fs_answered(void *arg, const struct fuse_in_header *head, uint64_t ns)
{
	const struct fs *fs = arg;
	const struct node *n = node_at(fs, at_of(head->nodeid));
	uint32_t shows = fs->ttl ? FUSE_GETATTR : FUSE_OPEN;

	counts_request(n ? (unsigned)(n->file - files) : (unsigned)n_files, head->opcode,
		       n && head->opcode == shows, ns);
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
