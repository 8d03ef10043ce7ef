// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mechanism. On the host a view is cloned into a mount of its own (open_tree); a child goes
 * into the container's mount namespace, resolves the target there without ever following a link
 * of the container's, and moves the mount onto it (move_mount).
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "launcher/launch.h"

#define VIEWS_MAX  64
#define LAYERS_MAX 16 /* views found on one target, one over the other */

struct view {
	const char *path; /* below the container's root */
	int tree;	  /* the mount to be moved; -EBADF: none */
	bool yields;	  /* to what the container has of its own there */
	bool moved;
};

/* Of the child, inside. */
struct inside {
	int root; /* the container's */
	int proc; /* the host's /proc */
};

static int clone_view(const char *root, const char *path)
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

static int resolve(const struct inside *in, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, in->root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* Which kind of file system is mounted there, as mountinfo calls it: "proc", "fuse.pctfs". */
static int type_of(const struct inside *in, int target, char *type, size_t size)
{
	struct statx st;
	auto_file f = NULL;
	auto_free char *line = NULL;
	size_t room = 0;
	int fd;

	if (statx(target, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -errno;
	fd = openat(in->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "r");
	if (!f)
		return -errno;
	while (getline(&line, &room, f) > 0) {
		const char *dash;

		if (strtoull(line, NULL, 10) != st.stx_mnt_id)
			continue;
		dash = strstr(line, " - ");
		if (!dash)
			return -EBADMSG;
		snprintf(type, size, "%.*s", (int)strcspn(dash + 3, " "), dash + 3);
		return 0;
	}
	return -ENOENT;
}

static bool is_view(const char *type)
{
	return strcmp(type, "fuse.pctfs") == 0 || strcmp(type, "fuse.lxcfs") == 0;
}

/* umount2() wants a path: the one of the fd, in the host's /proc, as the container has no such. */
static int take_off(const struct inside *in, int target)
{
	char name[32];
	auto_fd fds = openat(in->proc, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);

	snprintf(name, sizeof(name), "%d", target);
	if (fds < 0 || fchdir(fds) < 0 || umount2(name, MNT_DETACH) < 0)
		return -errno;
	return 0;
}

/*
 * The target with earlier views taken off: a file of the container's own proc or sysfs.
 * -ENOENT: it has no such. -EXDEV: something else lies there.
 */
static int bare_target(const struct inside *in, const char *path, char *type, size_t size)
{
	for (int i = 0; i < LAYERS_MAX; i++) {
		auto_fd target = resolve(in, path);
		int r;

		if (target < 0)
			return target;
		r = type_of(in, target, type, size);
		if (r < 0)
			return r;
		if (strcmp(type, strncmp(path, "sys/", 4) == 0 ? "sysfs" : "proc") == 0)
			return take_fd(&target);
		if (!is_view(type))
			return -EXDEV;
		r = take_off(in, target);
		if (r < 0)
			return r;
	}
	return -ELOOP;
}

static int move_view(const struct inside *in, struct view *v)
{
	char type[64] = "";
	auto_fd target = bare_target(in, v->path, type, sizeof(type));

	if (target == -ENOENT) {
		debug("the container has no '/%s': skipped", v->path);
		return 0;
	}
	if (target == -EXDEV && v->yields) {
		debug("the container has its own '/%s'", v->path);
		return 0;
	}
	if (target == -EXDEV)
		return refuse(-EXDEV,
			      "'/%s' in the container is covered by a %s: take it off there",
			      v->path, type);
	if (target < 0)
		return fail(target, "find '/%s' in the container", v->path);
	if (move_mount(v->tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	    0)
		return fail(-errno, "lay the view over '/%s' in the container", v->path);
	v->moved = true;
	return 0;
}

static ino_t own_namespace(const struct inside *in)
{
	struct stat st;

	return fstatat(in->proc, "self/ns/mnt", &st, 0) < 0 ? 0 : st.st_ino;
}

static int enter(int pidfd, const char *prefix, struct inside *in)
{
	ino_t host;

	in->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (in->proc < 0)
		return fail(-errno, "open /proc");
	host = own_namespace(in);
	if (setns(pidfd, CLONE_NEWNS) < 0)
		return fail(-errno, "enter the container's mount namespace");
	if (own_namespace(in) == host && !*prefix)
		return refuse(-EINVAL, "the process has the host's own mount namespace: "
				       "give one that is in a container");
	in->root = open(*prefix ? prefix : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return in->root < 0 ? fail(-errno, "open the container's root '%s'", prefix) : 0;
}

static int attach_inside(int pidfd, const char *prefix, struct view *views, size_t n)
{
	struct inside in;
	int r = enter(pidfd, prefix, &in);
	size_t i;

	for (i = 0; i < n && r == 0; i++)
		r = move_view(&in, &views[i]);
	while (r < 0 && i-- > 0)
		if (views[i].moved)
			(void)take_off(&in, views[i].tree);
	return r;
}

static int detach_inside(int pidfd, const char *prefix, struct view *views, size_t n)
{
	struct inside in;
	int r = enter(pidfd, prefix, &in);

	for (size_t i = 0; i < n && r == 0; i++) {
		char type[64];
		auto_fd target = bare_target(&in, views[i].path, type, sizeof(type));

		if (target < 0 && target != -ENOENT && target != -EXDEV)
			r = fail(target, "take the view off '/%s' in the container", views[i].path);
	}
	return r;
}

/* setns() is for the whole process: a child does it. */
static int in_child(int (*work)(int, const char *, struct view *, size_t), int pidfd,
		    const char *prefix, struct view *views, size_t n)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return fail(-errno, "fork");
	if (pid == 0)
		_exit(work(pidfd, prefix, views, n) < 0);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(-errno, "wait for the child in the container");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static size_t names_of(json_object *list, struct view *views)
{
	size_t n = json_object_array_length(list);

	n = MIN(n, (size_t)VIEWS_MAX);
	for (size_t i = 0; i < n; i++)
		views[i] = (struct view){
			.path = json_object_get_string(json_object_array_get_idx(list, i)),
			.tree = -EBADF,
		};
	return n;
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
	struct view views[VIEWS_MAX];
	size_t n = names_of(list, views);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		views[i].yields = has(yielding, views[i].path);
		views[i].tree = clone_view(
		    has(from->fast, views[i].path) ? from->fast_root : from->root, views[i].path);
		r = MIN(views[i].tree, 0);
	}
	if (r == 0)
		r = in_child(attach_inside, pidfd, prefix, views, n);
	for (size_t i = 0; i < n; i++)
		close_fd(&views[i].tree);
	return r;
}

int detach(int pidfd, const char *prefix, json_object *list)
{
	struct view views[VIEWS_MAX];

	return in_child(detach_inside, pidfd, prefix, views, names_of(list, views));
}
