// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mechanism. On the host a view is cloned into a mount of its own (open_tree); a child goes
 * into the container's mount namespace, finds the target there without ever following a link of
 * the container's, and moves the mount onto it (move_mount). Where a view lies already, the new one
 * goes beneath it and the old one is taken off, so that there is one at any time.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "launcher/launch.h"
#include "launcher/pause.h"
#include "launcher/target.h"

#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200 /* Linux 6.5 */
#endif

#define VIEWS_MAX 64

enum moved { MOVED_NOT, MOVED_ONTO, MOVED_BENEATH };

/* What is to be laid over what, or taken off. */
struct view {
	const char *path; /* below the container's root */
	int tree;	  /* the mount to be moved; -EBADF: none */
	bool yields;	  /* to what the container has of its own there */
	enum moved moved;
};

struct work {
	struct view views[VIEWS_MAX];
	size_t n;
};

int clone_view(const char *root, const char *path)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	char from[PATH_MAX];
	auto_fd fd = -EBADF;

	snprintf(from, sizeof(from), "%s/%s", root, path);
	fd = open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return fail(-errno, "clone the view '%s'", from);
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &private, sizeof(private)) < 0)
		return fail(-errno, "keep the view '%s' to itself", from);
	return take_fd(&fd);
}

/* 0: a view can go there, or nothing is to be done there, and then out->fd < 0. */
static int find(struct inside *in, const struct view *v, struct target *out)
{
	int r = target_find(in, v->path, out);

	if (r == -ENOENT) {
		debug("the container has no '/%s': skipped", v->path);
		out->fd = -ENOENT;
		return 0;
	}
	if (r < 0)
		return fail(r, "find '/%s' in the container", v->path);
	if (out->lies != LIES_OTHER)
		return 0;
	close_fd(&out->fd);
	if (!v->yields)
		return refuse(-EXDEV,
			      "'/%s' in the container is covered by a %s: take it off there",
			      v->path, out->type);
	debug("the container has its own '/%s'", v->path);
	return 0;
}

static int move(const struct view *v, const struct target *t, unsigned flags)
{
	PAUSE_AT(v->path);
	return move_mount(v->tree, "", t->fd, "",
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH | flags) < 0
		   ? -errno
		   : 0;
}

/* On top of the kernel's own file, from which all views are taken off. */
static int move_onto(struct inside *in, struct view *v)
{
	for (int i = 0; i < LAYERS_MAX; i++) {
		struct target t;
		int r = find(in, v, &t);

		if (r < 0 || t.fd < 0)
			return r;
		if (t.lies == LIES_NOTHING) {
			r = move(v, &t, 0);
			close_fd(&t.fd);
			if (r == 0)
				v->moved = MOVED_ONTO;
			return r < 0 ? fail(r, "lay the view over '/%s' in the container", v->path)
				     : 0;
		}
		r = target_bare(in, &t);
		close_fd(&t.fd);
		if (r < 0)
			return fail(r, "take the old view off '/%s' in the container", v->path);
	}
	return fail(-ELOOP, "take the old views off '/%s' in the container", v->path);
}

static int move_view(struct inside *in, struct view *v)
{
	struct target t;
	int r = find(in, v, &t);

	if (r < 0 || t.fd < 0)
		return r;
	if (t.lies == LIES_VIEW && move(v, &t, MOVE_MOUNT_BENEATH) == 0)
		v->moved = MOVED_BENEATH;
	close_fd(&t.fd);
	/* Not there before 6.5, and not for mounts that the container may not take off. */
	return v->moved ? 0 : move_onto(in, v);
}

/* What it went beneath of. */
static int take_off_old(struct inside *in, const struct view *v)
{
	uint64_t ours;
	int r = mount_of(v->tree, &ours);

	for (int i = 0; r == 0 && i < LAYERS_MAX; i++) {
		struct target t;

		r = target_find(in, v->path, &t);
		if (r < 0)
			break;
		if (t.mnt == ours) {
			close_fd(&t.fd);
			return 0;
		}
		r = t.lies == LIES_VIEW ? target_bare(in, &t) : -EXDEV;
		close_fd(&t.fd);
	}
	return fail(r < 0 ? r : -ELOOP, "take the old view off '/%s' in the container", v->path);
}

/* Nothing of it is to be seen: what is beneath another stays there. */
static void take_back(struct inside *in, const struct view *v)
{
	struct target t;
	uint64_t ours;

	if (v->moved != MOVED_ONTO || mount_of(v->tree, &ours) < 0 ||
	    target_find(in, v->path, &t) < 0)
		return;
	if (t.mnt == ours)
		(void)!target_bare(in, &t);
	close_fd(&t.fd);
}

/* All that can be known before is looked at before anything is changed. */
static int attach_inside(int pidfd, const char *prefix, void *arg)
{
	struct view *views = ((struct work *)arg)->views;
	size_t n = ((struct work *)arg)->n;
	struct inside in;
	int r = inside_enter(pidfd, prefix, &in);

	for (size_t i = 0; i < n && r == 0; i++) {
		struct target t;

		r = find(&in, &views[i], &t);
		if (r == 0)
			close_fd(&t.fd);
	}
	for (size_t i = 0; i < n && r == 0; i++)
		r = move_view(&in, &views[i]);
	for (size_t i = 0; i < n && r < 0; i++)
		take_back(&in, &views[i]);
	for (size_t i = 0; i < n && r == 0; i++)
		if (views[i].moved == MOVED_BENEATH)
			r = take_off_old(&in, &views[i]);
	return r;
}

static int detach_inside(int pidfd, const char *prefix, void *arg)
{
	struct view *views = ((struct work *)arg)->views;
	size_t n = ((struct work *)arg)->n;
	struct inside in;
	int r = inside_enter(pidfd, prefix, &in);

	for (size_t i = 0; i < n && r == 0; i++) {
		struct target t = { .lies = LIES_VIEW };

		for (int k = 0; k < LAYERS_MAX && r == 0 && t.lies == LIES_VIEW; k++) {
			if (target_find(&in, views[i].path, &t) < 0)
				break;
			if (t.lies == LIES_VIEW)
				r = target_bare(&in, &t);
			close_fd(&t.fd);
		}
		if (r < 0)
			r = fail(r, "take the view off '/%s' in the container", views[i].path);
	}
	return r;
}

int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? fail(-errno, "process %d", pid) : fd;
}

int in_child(int (*work)(int pidfd, const char *prefix, void *arg), int pidfd, const char *prefix,
	     void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return fail(-errno, "fork");
	if (pid == 0) {
		int r = work(pidfd, prefix, arg);

		_exit(r < 0 ? 101 : r);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(-errno, "wait for the child in the container");
	return WIFEXITED(status) && WEXITSTATUS(status) <= 100 ? WEXITSTATUS(status) : -EIO;
}

static void names_of(json_object *list, struct work *w)
{
	w->n = MIN(json_object_array_length(list), (size_t)VIEWS_MAX);
	for (size_t i = 0; i < w->n; i++)
		w->views[i] = (struct view){
			.path = json_object_get_string(json_object_array_get_idx(list, i)),
			.tree = -EBADF,
		};
}

static bool has(json_object *list, const char *path)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), path) == 0)
			return true;
	return false;
}

int attach(int pidfd, const char *prefix, const struct source *from, json_object *list,
	   json_object *yielding)
{
	struct work w;
	int r = 0;

	names_of(list, &w);
	for (size_t i = 0; i < w.n && r == 0; i++) {
		struct view *v = &w.views[i];

		v->yields = has(yielding, v->path);
		v->tree =
		    clone_view(has(from->fast, v->path) ? from->fast_root : from->root, v->path);
		r = MIN(v->tree, 0);
	}
	if (r == 0)
		r = in_child(attach_inside, pidfd, prefix, &w);
	for (size_t i = 0; i < w.n; i++)
		close_fd(&w.views[i].tree);
	return r;
}

int detach(int pidfd, const char *prefix, json_object *list)
{
	struct work w;

	names_of(list, &w);
	return in_child(detach_inside, pidfd, prefix, &w);
}
