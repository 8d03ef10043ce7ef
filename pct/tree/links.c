// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/base.h"
#include "pct/tree/parts.h"

struct link_seen {
	dev_t dev;
	ino_t ino;
	char *path; /* NULL: this place is free */
};

static size_t place(const struct links *l, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino * 0x9E3779B97F4A7C15u) ^ ((uint64_t)dev * 0xC2B2AE3D27D4EB4Fu);
	size_t i = (size_t)(h >> 20) & (l->room - 1);

	while (l->all[i].path && (l->all[i].ino != ino || l->all[i].dev != dev))
		i = (i + 1) & (l->room - 1);
	return i;
}

const char *links_find(struct links *l, const struct stat *st)
{
	return l->room ? l->all[place(l, st->st_dev, st->st_ino)].path : NULL;
}

static int grow(struct links *l)
{
	struct links bigger = { .room = l->room ? 2 * l->room : 256, .n = l->n };

	bigger.all = calloc(bigger.room, sizeof(*bigger.all));
	if (!bigger.all)
		return -ENOMEM;
	for (size_t i = 0; i < l->room; i++)
		if (l->all[i].path)
			bigger.all[place(&bigger, l->all[i].dev, l->all[i].ino)] = l->all[i];
	free(l->all);
	*l = bigger;
	return 0;
}

int links_add(struct links *l, const struct stat *st, const char *path)
{
	struct link_seen *new;

	if (2 * (l->n + 1) > l->room && grow(l) < 0)
		return -ENOMEM;
	new = &l->all[place(l, st->st_dev, st->st_ino)];
	new->path = strdup(path);
	if (!new->path)
		return -ENOMEM;
	new->dev = st->st_dev;
	new->ino = st->st_ino;
	l->n++;
	return 0;
}

void links_free(struct links *l)
{
	for (size_t i = 0; i < l->room; i++)
		free(l->all[i].path);
	free(l->all);
	*l = (struct links){ 0 };
}
