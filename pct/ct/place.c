// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A child does it, in four steps: in a mount namespace of its own it stages what is to be laid into
 * the container, as the host's root; then it becomes that container's root, in another mount
 * namespace, which fixes what is read-only for good; clones the mounts from there; and goes into
 * the container's own to lay them down. The container can make it wait, so it is given a while.
 */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/ct/place.h"
#include "pct/ct/stage.h"
#include "pct/ct/target.h"
#include "pct/paths.h"

#define PATIENCE_MS 10000

struct work {
	struct staging at;
	int mnt;    /* the container's namespace */
	int *trees; /* what is to be moved, each */
	bool lazy;
};

/* ---- on the host ---- */

/* Who has ended in between is nobody: by @proc nobody else with its number is found. */
static int open_of(int proc, const char *name, int flags, int *out)
{
	auto_fd fd = openat(proc, name, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*out = take_fd(&fd);
	return 0;
}

static bool is_own(int fd, const char *kind)
{
	auto_free char *path = text_of("/proc/self/ns/%s", kind);
	struct stat own, its;

	return fstat(fd, &its) == 0 && stat(path, &own) == 0 && its.st_ino == own.st_ino &&
	       its.st_dev == own.st_dev;
}

static int enter_what(pid_t init, struct work *w)
{
	auto_free char *path = text_of("/proc/%d", (int)init);
	auto_fd proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = proc < 0 ? -errno : open_of(proc, "ns/user", O_RDONLY, &w->at.user);

	if (r == 0)
		r = open_of(proc, "ns/mnt", O_RDONLY, &w->mnt);
	if (r == 0)
		r = open_of(proc, "root", O_PATH | O_DIRECTORY, &w->at.root);
	/* A number that somebody else has by now. */
	if (r == 0 && is_own(w->mnt, "mnt"))
		r = -ESRCH;
	if (r < 0)
		return fail(r, "find the mounts of CT %u", w->at.vmid);
	if (is_own(w->at.user, "user"))
		close_fd(&w->at.user);
	return 0;
}

static void leave_what(struct work *w)
{
	close_fd(&w->at.user);
	close_fd(&w->mnt);
	close_fd(&w->at.root);
	for (size_t i = 0; w->trees && i < w->at.n; i++)
		close_fd(&w->trees[i]);
	free(w->trees);
}

/* ---- as the container's root ---- */

static int become_root(const struct work *w)
{
	if (setgroups(0, NULL) < 0)
		return -errno;
	if (w->at.user < 0)
		return 0;
	if (setns(w->at.user, CLONE_NEWUSER) < 0 || setresgid(0, 0, 0) < 0 ||
	    setresuid(0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* The copy of a mount namespace for another user fixes what was set on its mounts. */
static int take_trees(struct work *w)
{
	if (w->at.user >= 0 && unshare(CLONE_NEWNS) < 0)
		return -errno;
	for (size_t i = 0; i < w->at.n; i++) {
		auto_free char *at = text_of("%zu", i);

		w->trees[i] = open_tree(AT_FDCWD, at, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (w->trees[i] < 0)
			return -errno;
	}
	return 0;
}

static int cannot(const struct placing *p, int r)
{
	if (r == -ELOOP)
		return refuse(r,
			      "%s: '%s' in the container is, or leads through, a symbolic link; "
			      "give the path it leads to",
			      p->name, p->path);
	if (r == -ENOTDIR)
		return refuse(r,
			      "%s: '%s' in the container is, or leads through, a file; a "
			      "directory is mounted only on one",
			      p->name, p->path);
	if (r == -EISDIR)
		return refuse(r,
			      "%s: '%s' in the container is a directory; a file is mounted "
			      "only on one",
			      p->name, p->path);
	return fail(r, "%s: mount on '%s' in the container", p->name, p->path);
}

static bool is_mount(const struct spot *at)
{
	struct statx here;

	return statx(at->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &here) == 0 &&
	       here.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT &&
	       here.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/*
 * It lies there already: who was to lay it there was killed before the conf said so. The nodes of a
 * device are different files each.
 */
static bool is_there(const struct spot *at, const struct stat *tree)
{
	struct stat st;

	if (!is_mount(at) || fstat(at->fd, &st) < 0)
		return false;
	if (S_ISCHR(tree->st_mode) || S_ISBLK(tree->st_mode))
		return (st.st_mode & S_IFMT) == (tree->st_mode & S_IFMT) &&
		       st.st_rdev == tree->st_rdev;
	return st.st_dev == tree->st_dev && st.st_ino == tree->st_ino;
}

static int lay(int root, const struct placing *p, int tree)
{
	auto_spot at = SPOT_NONE;
	struct stat st;
	int r = fstat(tree, &st) < 0 ? -errno : 0;

	if (r == 0)
		r = spot_find(root, p->path, S_ISDIR(st.st_mode), true, &at);
	if (r == 0 && is_there(&at, &st))
		return 0;
	if (r == 0 &&
	    move_mount(tree, "", at.fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		r = -errno;
	return r < 0 ? cannot(p, r) : 0;
}

static int enter(const struct work *w, int *root)
{
	if (setns(w->mnt, CLONE_NEWNS) < 0)
		return fail(-errno, "enter CT %u", w->at.vmid);
	*root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *root < 0 ? fail(-errno, "find the root of CT %u", w->at.vmid) : 0;
}

static int place_inside(struct work *w)
{
	auto_fd root = -EBADF;
	int r = stage(&w->at);

	if (r < 0)
		return r;
	r = become_root(w);
	if (r == 0)
		r = take_trees(w);
	if (r < 0)
		return fail(r, "become root of CT %u", w->at.vmid);
	r = enter(w, &root);
	for (size_t i = 0; i < w->at.n && r == 0; i++)
		r = lay(root, &w->at.all[i], w->trees[i]);
	return r;
}

/* It leaves an empty file where a node was. */
static void remove_made(const struct spot *at)
{
	struct stat st;

	if (fstatat(at->dir, at->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == 0)
		(void)unlinkat(at->dir, at->name, 0);
}

static int displace_inside(struct work *w)
{
	const struct placing *p = w->at.all;
	auto_spot at = SPOT_NONE;
	auto_fd root = -EBADF;
	int r = become_root(w);

	if (r < 0)
		return fail(r, "become root of CT %u", w->at.vmid);
	r = enter(w, &root);
	if (r < 0)
		return r;
	r = spot_find(root, p->path, !p->device, false, &at);
	if (r == -EISDIR || r == -ENOTDIR)
		r = spot_find(root, p->path, p->device, false, &at);
	if (r == -ENOENT || (r == 0 && !is_mount(&at)))
		return 0; /* the container has taken it off */
	if (r < 0)
		return cannot(p, r);
	close_fd(&at.fd);
	if (fchdir(at.dir) < 0 ||
	    umount2(at.name, UMOUNT_NOFOLLOW | (w->lazy ? MNT_DETACH : 0)) < 0) {
		if (errno != EBUSY)
			return fail(-errno, "%s: take '%s' off", p->name, p->path);
		return refuse(-EBUSY,
			      "%s: '%s' in the container is used; end what uses it, or --force "
			      "takes it off once that has ended",
			      p->name, p->path);
	}
	if (p->device)
		remove_made(&at);
	return 0;
}

/* ---- the child ---- */

static int wait_for(unsigned vmid, pid_t pid)
{
	auto_fd fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { fd, POLLIN, 0 };
	int n, status;

	do
		n = fd < 0 ? -1 : poll(&p, 1, PATIENCE_MS);
	while (n < 0 && fd >= 0 && errno == EINTR);
	if (n == 0) {
		(void)kill(pid, SIGKILL);
		(void)poll(&p, 1, 100);
		(void)waitpid(pid, &status, WNOHANG);
		return refuse(-ETIMEDOUT,
			      "CT %u lets pct wait: nothing mounted in it for %d seconds", vmid,
			      PATIENCE_MS / 1000);
	}
	if (waitpid(pid, &status, 0) < 0)
		return fail(-errno, "wait for who mounts in CT %u", vmid);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static int in_child(struct work *w, pid_t init, int (*work)(struct work *w))
{
	pid_t pid;
	int r = enter_what(init, w);

	w->trees = calloc(w->at.n, sizeof(*w->trees));
	if (r == 0 && !w->trees)
		r = fail(-ENOMEM, "mount in CT %u", w->at.vmid);
	for (size_t i = 0; w->trees && i < w->at.n; i++)
		w->trees[i] = -EBADF;
	if (r == 0) {
		pid = fork();
		if (pid == 0)
			_exit(-work(w));
		r = pid < 0 ? fail(-errno, "mount in CT %u", w->at.vmid)
			    : wait_for(w->at.vmid, pid);
	}
	leave_what(w);
	return r;
}

int place(unsigned vmid, pid_t init, const struct idmap *ids, const struct placing *all, size_t n)
{
	struct work w = { .at = { vmid, ids, all, n, -EBADF, -EBADF }, .mnt = -EBADF };

	return n ? in_child(&w, init, place_inside) : 0;
}

int displace(unsigned vmid, pid_t init, const struct placing *p, bool lazy)
{
	struct work w = { .at = { vmid, NULL, p, 1, -EBADF, -EBADF }, .mnt = -EBADF, .lazy = lazy };

	return in_child(&w, init, displace_inside);
}
