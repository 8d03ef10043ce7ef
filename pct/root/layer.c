// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/root/layer.h"
#include "base/say.h"
#include "pct/root/put.h"

#define MARK   ".wh."
#define OPAQUE ".wh..wh..opq"

/* FNV-1a; 0 is no name's. */
static uint64_t hash(const char *name, size_t n)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3;
	return h ? h : 1;
}

static size_t place(const struct layer *l, uint64_t h)
{
	size_t i = h & (l->room - 1);

	while (l->hashes[i] && l->hashes[i] != h)
		i = (i + 1) & (l->room - 1);
	return i;
}

static int grow(struct layer *l)
{
	struct layer more = { .room = l->room ? l->room * 2 : 1024, .n = l->n };

	more.hashes = calloc(more.room, sizeof(*more.hashes));
	if (!more.hashes)
		return -ENOMEM;
	for (size_t i = 0; i < l->room; i++)
		if (l->hashes[i])
			more.hashes[place(&more, l->hashes[i])] = l->hashes[i];
	free(l->hashes);
	*l = more;
	return 0;
}

int layer_add(struct layer *l, const char *name)
{
	size_t n = strlen(name);

	while (n) {
		uint64_t h = hash(name, n);
		size_t i;

		if (l->n * 2 >= l->room && grow(l) < 0)
			return -ENOMEM;
		i = place(l, h);
		/* Then those above it are there, too. */
		if (l->hashes[i])
			return 0;
		l->hashes[i] = h;
		l->n++;
		while (n && name[n - 1] != '/')
			n--;
		n -= n > 0;
	}
	return 0;
}

bool layer_has(const struct layer *l, const char *name)
{
	return l->room && l->hashes[place(l, hash(name, strlen(name)))];
}

void layer_free(struct layer *l)
{
	free(l->hashes);
	*l = (struct layer){ 0 };
}

enum whiteout whiteout_of(const char *name, char **gone)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	size_t above = (size_t)(base - name);

	if (strncmp(base, MARK, sizeof(MARK) - 1) != 0)
		return WHITEOUT_NOT;
	if (strcmp(base, OPAQUE) == 0) {
		*gone = strndup(name, above ? above - 1 : 0);
		return *gone ? WHITEOUT_ALL : WHITEOUT_WRONG;
	}
	base += sizeof(MARK) - 1;
	if (strncmp(base, MARK, sizeof(MARK) - 1) == 0)
		return WHITEOUT_OTHER;
	if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0 ||
	    asprintf(gone, "%.*s%s", (int)above, name, base) < 0)
		return WHITEOUT_WRONG;
	return WHITEOUT_NAME;
}

static bool keep(void *arg, const char *name)
{
	return layer_has(arg, name);
}

int layer_take_away(struct layer *l, struct put *p, enum whiteout what, const char *gone)
{
	int r = 0;

	if (what == WHITEOUT_ALL)
		r = put_remove_below(p, gone, keep, l);
	else if (what == WHITEOUT_NAME && !layer_has(l, gone))
		r = put_remove(p, gone);
	return r < 0 ? fail(r, "remove what a layer says is gone, '%s'", gone) : 0;
}
