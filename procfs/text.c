// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/text.h"

#include <sys/personality.h>

#include "procfs/counts.h"

/* The host's own readers of the tree by caller get the host's own file. */
static int host_text(struct fs *fs, const char *path, struct moment *out)
{
	struct scratch *t = scratch_get();
	struct span text;
	int r = t ? cgv_read_text(fs->host->root, path, &t->host, &text) : -ENOMEM;

	if (r == 0)
		*out = (struct moment){ text.p, span_len(text), 0 };
	return r;
}

const struct node *node_at(const struct fs *fs, struct at at)
{
	return at.node < fs->tree.n && fs->tree.node[at.node].file ? &fs->tree.node[at.node] : NULL;
}

bool wants_32bit(const struct fs *fs, struct at at, pid_t reader)
{
	return reader && (fs->tree.node[at.node].file->needs & NEED_PERSONALITY) &&
	       caller_is_32bit(fs->host, reader);
}

int make_text(struct fs *fs, struct at at, struct container *c, pid_t reader, struct moment *out)
{
	const struct node *n = node_at(fs, at);
	/* A thread's personality is its own: for that long ours is the reader's. */
	bool as_32bit = wants_32bit(fs, at, reader);
	int before = as_32bit ? personality(PER_LINUX32) : 0;
	int r = c ? container_render(c, n->file, n->path, out) : host_text(fs, n->path, out);

	counts_text((unsigned)(n->file - files), r);
	if (as_32bit)
		(void)personality((unsigned long)before);
	/* The container ended: its files are no more. */
	return c && (r == -ENOENT || r == -ENODEV) && container_dead(c) ? -ESTALE : r;
}

/* A copy: the text can be another one as soon as its lock is free. */
int text_part(const struct fs *fs, struct text s, size_t size, size_t at, struct moment *out)
{
	struct scratch *t = scratch_get();
	size_t len = at < s.len ? MIN(size, s.len - at) : 0;
	int r = t ? cgv_text_reserve(&t->out, MAX(len, (size_t)1)) : -ENOMEM;

	if (r < 0)
		return r;
	memcpy(t->out.p, text_at(fs->opens, s) + at, len);
	*out = (struct moment){ t->out.p, len, 0 };
	return 0;
}

void text_set(struct fs *fs, _Atomic uint64_t *to, struct text t)
{
	text_drop(fs->opens, text_unpack(atomic_exchange(to, text_pack(t))));
}
