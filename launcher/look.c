// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Has a container its views, and are they of the pctfs that runs? A view is known by its device
 * and inode, which it has in common with the same file below pctfs's own mounts.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "launcher/launch.h"
#include "launcher/target.h"

struct look {
	json_object *views, *yielding;
	const char *name;    /* of the container, below ct/ */
	const char *root[2]; /* pctfs's mounts; the second may be NULL */
	dev_t dev[2];
};

static int identify(int at, const char *path, dev_t *dev, ino_t *ino)
{
	struct statx st;

	/* A mount whose daemon is gone is not asked. */
	if (statx(at, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &st) < 0)
		return -errno;
	*dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	*ino = st.stx_ino;
	return 0;
}

static bool is_ours(const struct look *l, int fd, ino_t want)
{
	dev_t dev;
	ino_t ino;

	return identify(fd, "", &dev, &ino) == 0 && ino == want &&
	       (dev == l->dev[0] || (l->root[1] && dev == l->dev[1]));
}

static const char *path_of(json_object *list, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(list, i));
}

/* Inside: an enum views_state. */
static int look_inside(int pidfd, const char *prefix, void *arg)
{
	struct look *l = arg;
	size_t n = json_object_array_length(l->views), fresh = 0, none = 0, stale = 0;
	auto_free ino_t *ino = calloc(n + 1, sizeof(*ino));
	auto_free struct target *t = calloc(n + 1, sizeof(*t));
	struct inside in;
	dev_t dev;

	for (size_t i = 0; ino && i < n; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/ct/%s/%s", l->root[0], l->name,
			 path_of(l->views, i));
		if (identify(AT_FDCWD, path, &dev, &ino[i]) < 0)
			ino[i] = 0;
	}
	if (!ino || !t || inside_enter(pidfd, prefix, &in) < 0)
		return -EIO;
	for (size_t i = 0; i < n; i++)
		if (target_find(&in, path_of(l->views, i), &t[i]) < 0)
			t[i].fd = -EBADF;
	if (inside_look(&in) < 0)
		return -EIO;
	for (size_t i = 0; i < n; i++) {
		const char *path = path_of(l->views, i);

		if (t[i].fd < 0 || target_judge(&in, path, &t[i]) < 0)
			continue;
		fresh += t[i].lies == LIES_VIEW && is_ours(l, t[i].fd, ino[i]);
		stale += t[i].lies == LIES_VIEW && !is_ours(l, t[i].fd, ino[i]);
		none += t[i].lies == LIES_NOTHING || t[i].lies == LIES_HOSTS ||
			(t[i].lies == LIES_OTHER && !has(l->yielding, path));
	}
	return stale ? VIEWS_STALE : fresh && none ? VIEWS_SOME : fresh ? VIEWS_FRESH : VIEWS_NONE;
}

int views_state(json_object *answer, json_object *container, enum views_state *out)
{
	struct look l = { .name = document_text(container, "name"),
			  .root = { document_text(answer, "mount"),
				    document_text(answer, "fast_mount") } };
	auto_fd pidfd = -EBADF;
	ino_t ino;
	int r;

	l.views = document_find(answer, "views");
	l.yielding = document_find(answer, "yielding");
	if (!l.name || !l.root[0] || !json_object_is_type(l.views, json_type_array))
		return refuse(-EPROTO, "pctfs does not say who its containers are: are pctfs and "
				       "pct-launch of the same version?");
	for (int i = 0; i < 2 && l.root[i]; i++) {
		r = identify(AT_FDCWD, l.root[i], &l.dev[i], &ino);
		if (r < 0)
			return fail(r, "look at the mount '%s'", l.root[i]);
	}
	pidfd = open_pidfd(json_object_get_int(document_find(container, "pid")));
	if (pidfd < 0)
		return pidfd;
	r = in_child(look_inside, pidfd, "", &l);
	if (r < 0 || r > VIEWS_SOME)
		return MIN(r, -EIO);
	*out = (enum views_state)r;
	return 0;
}
