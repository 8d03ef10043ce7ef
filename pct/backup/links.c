// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/pack.h"

/* Open addressing; a file leaves when all its names have come. */
struct link {
	dev_t dev;
	ino_t ino;
	nlink_t left; /* names to come; 0: all have */
	char *path;   /* NULL: never used */
};

struct links {
	size_t n, room; /* a power of two */
	struct link *all;
};

static struct link *find(const struct links *l, dev_t dev, ino_t ino)
{
	size_t i = ((uint64_t)ino * 0x9e3779b97f4a7c15ull + dev) >> 20;

	for (;; i++) {
		struct link *k = &l->all[i & (l->room - 1)];

		if (!k->path || (k->dev == dev && k->ino == ino))
			return k;
	}
}

static bool grow(struct links **out)
{
	struct links *l = calloc(1, sizeof(*l));
	size_t room = *out ? 2 * (*out)->room : 1024;

	if (!l || !(l->all = calloc(room, sizeof(*l->all)))) {
		free(l);
		return false;
	}
	l->room = room;
	for (size_t i = 0; *out && i < (*out)->room; i++) {
		struct link *k = &(*out)->all[i];

		if (k->path && k->left) {
			*find(l, k->dev, k->ino) = *k;
			l->n++;
		} else {
			free(k->path);
		}
	}
	if (*out)
		free((*out)->all);
	free(*out);
	*out = l;
	return true;
}

const char *links_find(struct links **l, const struct stat *st, const char *path)
{
	struct link *k;

	if ((!*l || 2 * (*l)->n >= (*l)->room) && !grow(l))
		return NULL;
	k = find(*l, st->st_dev, st->st_ino);
	if (k->path && k->left) {
		k->left--;
		return k->path;
	}
	if (!k->path)
		(*l)->n++;
	free(k->path);
	*k = (struct link){ st->st_dev, st->st_ino, st->st_nlink - 1, strdup(path) };
	if (!k->path)
		(*l)->n--;
	return NULL;
}

void links_free(struct links **l)
{
	for (size_t i = 0; *l && i < (*l)->room; i++)
		free((*l)->all[i].path);
	if (*l)
		free((*l)->all);
	free(*l);
	*l = NULL;
}
