// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mechanism. On the host a view is cloned into a mount of its own (open_tree); a child goes
 * into the container's mount namespace, finds the target there without ever following a link of
 * the container's, and moves the mount onto it (move_mount). Where a view lies already, the new one
 * goes beneath it and the old one is taken off, so that there is one at any time. The container can
 * change its mounts all the while: so it is looked at once more in the end, and what went wrong is
 * undone.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
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

#define VIEWS_MAX   64
#define PATIENCE_MS 5000 /* with a container: an attach takes a few milliseconds */

/* What is to be laid over what, or taken off. */
struct view {
	const char *path; /* below the container's root */
	int tree;	  /* the mount to be moved; -EBADF: none */
	bool yields;	  /* to what the container has of its own there */
	struct target at; /* where it goes; its fd < 0: nowhere */
	int old;	  /* a copy of the view that was taken off for it; -EBADF: none */
	bool moved;
};

struct work {
	struct view views[VIEWS_MAX];
	size_t n;
};

static int propagate(int tree, uint64_t how)
{
	struct mount_attr a = { .propagation = how };

	return mount_setattr(tree, "", AT_EMPTY_PATH, &a, sizeof(a)) < 0 ? -errno : 0;
}

/*
 * The kernel moves what is unbindable to no place that is shared: whatever the container puts in
 * the way meanwhile, nobody else is shown the view.
 */
static int clone_tree(int at, const char *path)
{
	auto_fd fd = open_tree(at, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	int r = fd < 0 ? -errno : propagate(fd, MS_UNBINDABLE);

	return r < 0 ? r : take_fd(&fd);
}

static int clone_aside(const char *root, const char *path)
{
	char from[PATH_MAX];
	int fd;

	snprintf(from, sizeof(from), "%s/%s", root, path);
	fd = clone_tree(AT_FDCWD, from);
	return fd < 0 ? fail(fd, "clone the view '%s'", from) : fd;
}

int clone_view(const char *root, const char *path)
{
	auto_fd fd = clone_aside(root, path);
	int r = fd < 0 ? fd : propagate(fd, MS_PRIVATE);

	if (fd >= 0 && r < 0)
		return fail(r, "keep the view '%s' to itself", path);
	return r < 0 ? r : take_fd(&fd);
}

/* ---- where they go ---- */

static int find(struct inside *in, struct view *v)
{
	int r = target_find(in, v->path, &v->at);

	if (r == -ENOENT) {
		debug("the container has no '/%s': skipped", v->path);
		return 0;
	}
	return r < 0 ? fail(r, "find '/%s' in the container", v->path) : 0;
}

/* 0: a view can go there, or nothing is to be done there, and then its fd < 0. */
static int judge(struct inside *in, struct view *v)
{
	int r = v->at.fd < 0 ? 0 : target_judge(in, v->path, &v->at);

	if (r < 0)
		return fail(r, "find '/%s' in the container", v->path);
	if (v->at.fd < 0 || v->at.lies == LIES_NOTHING || v->at.lies == LIES_VIEW)
		return 0;
	close_fd(&v->at.fd);
	if (v->at.lies == LIES_HOSTS)
		return refuse(-EXDEV,
			      "'/%s' in the container is shared with the host, which would get "
			      "the view too: 'mount --make-private /%.*s' there first",
			      v->path, (int)strcspn(v->path, "/"), v->path);
	if (!v->yields)
		return refuse(-EXDEV,
			      "'/%s' in the container is covered by a %s: take it off there",
			      v->path, v->at.type);
	debug("the container has its own '/%s'", v->path);
	return 0;
}

static int look(struct inside *in, struct view *views, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		close_fd(&views[i].at.fd);
		r = find(in, &views[i]);
	}
	if (r == 0 && inside_look(in) < 0)
		r = fail(-EIO, "look at the container's mounts");
	for (size_t i = 0; i < n && r == 0; i++)
		r = judge(in, &views[i]);
	return r;
}

/* A pidfd can be read from when its process has ended, also if nobody has reaped it. */
bool has_ended(int pidfd)
{
	struct pollfd p = { pidfd, POLLIN, 0 };

	return pidfd >= 0 && poll(&p, 1, 0) > 0;
}

bool is_over(pid_t pid)
{
	auto_fd fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -ESRCH;

	return pid > 0 && fd < 0 ? errno == ESRCH : has_ended(fd);
}

int still_there(int pidfd)
{
	return has_ended(pidfd) ? refuse(-ESRCH, "the container's process has ended meanwhile") : 0;
}

/* ---- moving ---- */

static int move(const struct view *v, int tree, unsigned flags)
{
	int r = v->at.shared ? propagate(tree, MS_PRIVATE) : 0;

	if (r == 0 && move_mount(tree, "", v->at.fd, "",
				 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH | flags) < 0)
		r = -errno;
	return r == 0 ? propagate(tree, MS_PRIVATE) : r;
}

/* Take views off until there are @most. More than one is left of a launcher that was killed. */
static int thin_out(struct inside *in, struct view *v, unsigned most)
{
	int r = 0;

	while (r == 0 && v->at.fd >= 0 && v->at.lies == LIES_VIEW && v->at.layers > most) {
		r = target_bare(in, &v->at);
		r = r < 0 ? fail(r, "take the old view off '/%s' in the container", v->path)
			  : look(in, v, 1);
	}
	return r;
}

/*
 * The very file lies there already: two doors lead to one container, or nothing was to be repaired.
 * To replace a mount costs the kernel milliseconds.
 */
static bool is_there(const struct view *v)
{
	const int how = AT_EMPTY_PATH | AT_STATX_DONT_SYNC; /* whose daemon is gone is not asked */
	struct statx a, b;

	return v->at.lies == LIES_VIEW && statx(v->tree, "", how, STATX_INO, &a) == 0 &&
	       statx(v->at.fd, "", how, STATX_INO, &b) == 0 && a.stx_ino == b.stx_ino &&
	       a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
}

static int move_view(struct inside *in, struct view *v)
{
	int r;

	PAUSE_AT(v->path);
	r = thin_out(in, v, 1);
	if (r == 0 && v->at.fd >= 0 && is_there(v))
		return 0;
	if (r == 0 && v->at.fd >= 0 && v->at.lies == LIES_VIEW) {
		v->old = clone_tree(v->at.fd, "");
		if (v->old < 0)
			return fail(v->old, "keep the old view of '/%s'", v->path);
		v->moved = move(v, v->tree, MOVE_MOUNT_BENEATH) == 0;
		if (v->moved)
			r = target_bare(in, &v->at);
		if (r < 0)
			return fail(r, "take the old view off '/%s' in the container", v->path);
		/*
		 * Not there before 6.5, and not for mounts that the container may not take off. One
		 * of lxcfs's stays where it is: whoever reads now would see the host's file.
		 */
		if (!v->moved && !is_lxcfs(v->at.type))
			r = thin_out(in, v, 0);
	}
	if (r < 0 || v->at.fd < 0 || v->moved)
		return r;
	r = move(v, v->tree, 0);
	v->moved = r == 0;
	return r < 0 ? fail(r, "lay the view over '/%s' in the container", v->path) : 0;
}

/* Is ours what is seen there, and on nothing but the kernel's own file? And is anybody there? */
static int check(struct inside *in, int pidfd, struct view *views, size_t n)
{
	int r = inside_same(in);

	if (r == 0)
		r = look(in, views, n);
	if (r == 0)
		r = still_there(pidfd);
	for (size_t i = 0; i < n && r == 0; i++) {
		uint64_t ours = 0;

		if (views[i].moved)
			r = mount_of(views[i].tree, &ours);
		if (r == 0 && views[i].moved &&
		    (views[i].at.fd < 0 || views[i].at.lies != LIES_VIEW ||
		     views[i].at.mnt != ours))
			r = refuse(-EAGAIN, "'/%s' in the container was changed meanwhile",
				   views[i].path);
	}
	return r;
}

/* Is ours what is seen there? Without a word. */
static bool is_on_top(struct inside *in, struct view *v)
{
	uint64_t ours;

	close_fd(&v->at.fd);
	return mount_of(v->tree, &ours) == 0 && target_find(in, v->path, &v->at) == 0 &&
	       inside_look(in) == 0 && target_judge(in, v->path, &v->at) == 0 && v->at.mnt == ours;
}

/* The old view is there again; what the container has put on top of ours meanwhile stays. */
static void undo(struct inside *in, struct view *v)
{
	if (v->moved && !is_on_top(in, v))
		return;
	if (v->old >= 0 && v->moved && move(v, v->old, MOVE_MOUNT_BENEATH) == 0)
		close_fd(&v->old);
	if (v->moved && target_bare(in, &v->at) < 0)
		return;
	if (v->old >= 0 && look(in, v, 1) == 0 && v->at.fd >= 0 && v->at.lies == LIES_NOTHING)
		(void)!move(v, v->old, 0);
}

/* All that can be known before is looked at before anything is changed. */
static int attach_inside(int pidfd, const char *prefix, void *arg)
{
	struct view *views = ((struct work *)arg)->views;
	size_t n = ((struct work *)arg)->n;
	struct inside in;
	int r = inside_enter(pidfd, prefix, &in);

	if (r == 0)
		r = look(&in, views, n);
	for (size_t i = 0; i < n && r == 0; i++)
		if (views[i].at.fd >= 0)
			r = move_view(&in, &views[i]);
	if (r == 0)
		r = check(&in, pidfd, views, n);
	for (size_t i = n; i-- > 0 && r < 0;)
		undo(&in, &views[i]);
	return r;
}

static int detach_inside(int pidfd, const char *prefix, void *arg)
{
	struct view *views = ((struct work *)arg)->views;
	size_t n = ((struct work *)arg)->n;
	struct inside in;
	int r = inside_enter(pidfd, prefix, &in);

	for (size_t i = 0; i < n && r == 0; i++)
		(void)!target_find(&in, views[i].path, &views[i].at);
	if (r == 0 && inside_look(&in) < 0)
		r = fail(-EIO, "look at the container's mounts");
	for (size_t i = 0; i < n && r == 0; i++) {
		struct view *v = &views[i];

		if (v->at.fd < 0 || target_judge(&in, v->path, &v->at) < 0)
			continue;
		v->yields = v->at.lies == LIES_OTHER; /* it is not ours to take off */
		r = judge(&in, v);
		if (r == 0)
			r = thin_out(&in, v, 0);
	}
	return r;
}

int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? fail(-errno, "process %d", pid) : fd;
}

/* What the child waits for may never come, not even its end. The container can see to that. */
static int child_end(pid_t pid, int *status)
{
	auto_fd fd = open_pidfd(pid);
	struct pollfd p = { fd, POLLIN, 0 };
	int n;

	if (fd < 0)
		return fd;
	do
		n = poll(&p, 1, PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	if (n < 1) {
		(void)kill(pid, SIGKILL);
		(void)poll(&p, 1, 100);
		(void)waitpid(pid, status, WNOHANG);
		return refuse(-ETIMEDOUT,
			      "the container lets us wait: nothing done in it for %d seconds",
			      PATIENCE_MS / 1000);
	}
	return waitpid(pid, status, 0) < 0 ? fail(-errno, "wait for the child in the container")
					   : 0;
}

int in_child(int (*work)(int pidfd, const char *prefix, void *arg), int pidfd, const char *prefix,
	     void *arg)
{
	int status, r;
	pid_t pid = fork();

	if (pid < 0)
		return fail(-errno, "fork");
	if (pid == 0) {
		r = work(pidfd, prefix, arg);

		_exit(r < 0 ? 101 : r);
	}
	r = child_end(pid, &status);
	if (r < 0)
		return r;
	return WIFEXITED(status) && WEXITSTATUS(status) <= 100 ? WEXITSTATUS(status) : -EIO;
}

static void names_of(json_object *list, struct work *w)
{
	w->n = MIN(json_object_array_length(list), (size_t)VIEWS_MAX);
	for (size_t i = 0; i < w->n; i++)
		w->views[i] = (struct view){
			.path = json_object_get_string(json_object_array_get_idx(list, i)),
			.tree = -EBADF,
			.at = { .fd = -EBADF },
			.old = -EBADF,
		};
}

bool has(json_object *list, const char *path)
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
		    clone_aside(has(from->fast, v->path) ? from->fast_root : from->root, v->path);
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
