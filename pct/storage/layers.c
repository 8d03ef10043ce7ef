// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel takes only layers that are mounted in the namespace of who mounts the overlay (before
 * Linux 6.15): so a child does it, in one of its own, and hands us what comes of it.
 */
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/copy/copy.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/layers.h"

/* Over itself, with other ids; *@fd is what is on top then. */
static int lay_over(const char *path, int users, bool read_only, int *fd)
{
	auto_fd tree =
	    open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	struct mount_attr a = {
		.attr_set = read_only ? MOUNT_ATTR_RDONLY : 0,
		.propagation = MS_PRIVATE,
	};

	if (users >= 0) {
		a.attr_set |= MOUNT_ATTR_IDMAP;
		a.userns_fd = (uint64_t)users;
	}
	/* no step: it is in a namespace that ends with this process */
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &a, sizeof(a)) < 0 ||
	    move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	*fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

/* By descriptors: so no sign in a path means anything. */
static int set_path(int fs, const char *key, int dir, const char *below)
{
	auto_free char *path = text_of("/proc/self/fd/%d%s", dir, below);

	return fsconfig(fs, FSCONFIG_SET_STRING, key, path, 0) < 0 ? -errno : 0;
}

static int set_lowers(int fs, const struct layers *l, int users)
{
	auto_free char *all = NULL;
	size_t size;
	FILE *f = open_memstream(&all, &size);
	int r = f ? 0 : -ENOMEM;

	for (size_t i = 0; i < l->n && r == 0; i++) {
		int fd = -EBADF; /* open until this process ends */

		r = lay_over(l->lower[i], users, true, &fd);
		fprintf(f, "%s/proc/self/fd/%d", i ? ":" : "", fd);
	}
	if (f && fclose(f) != 0 && r == 0)
		r = -ENOMEM;
	if (r == 0 && fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", all, 0) < 0)
		r = -errno;
	return r;
}

/*
 * The overlay works on its layers as who mounted it: on those with other ids that must be somebody
 * they have, so whoever is root on the disk; with all our capabilities.
 */
static int become_owner(int volume)
{
	struct stat st;

	if (fstatat(volume, "upper", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		return -errno;
	setfsgid(st.st_gid);
	setfsuid(st.st_uid);
	return 0;
}

static int set_upper(int fs, const struct layers *l, int users)
{
	auto_fd volume = -EBADF;
	int r = lay_over(l->volume, users, false, &volume);

	if (r == 0)
		r = set_path(fs, "upperdir", volume, "/upper");
	if (r == 0)
		r = set_path(fs, "workdir", volume, "/work");
	if (r == 0 && users >= 0)
		r = become_owner(volume);
	/* Open until this process ends: before Linux 6.5 the paths are looked at later. */
	(void)take_fd(&volume);
	return r;
}

static int make(const struct layers *l, int users, int *out)
{
	auto_fd fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int r;

	if (fs < 0)
		return -errno;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	r = set_lowers(fs, l, users);
	if (r == 0 && l->volume)
		r = set_upper(fs, l, users);
	if (r == 0 && fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0)
		r = -errno;
	/* Directories that come from below can be renamed, too. */
	if (r == 0 && fsconfig(fs, FSCONFIG_SET_STRING, "redirect_dir", "on", 0) < 0)
		r = -errno;
	if (r == 0 && (step("volume: mount an overlay") < 0 ||
		       fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0))
		r = -errno;
	if (r == 0) {
		*out = fsmount(fs, FSMOUNT_CLOEXEC, 0);
		r = *out < 0 ? -errno : 0;
	}
	return r;
}

static _Noreturn void child(int sock, const struct layers *l, int users)
{
	int fd = -EBADF, r = make(l, users, &fd);

	_exit(copy_answer(sock, r, fd) < 0);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int layers_mount(const struct layers *l, int users, const char *for_whom, int *fd)
{
	const char *what = for_whom ? for_whom : l->lower[0];
	auto_fd ours = -EBADF, its = -EBADF, got = -EBADF;
	struct copy_entry said = { 0 };
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(-errno, "%s: mount it", what);
	ours = pair[0];
	its = pair[1];
	pid = fork();
	if (pid < 0)
		return fail(-errno, "%s: mount it", what);
	if (pid == 0)
		child(its, l, users);
	close_fd(&its);
	r = copy_recv(ours, &said, &got);
	(void)wait_for(pid);
	if (r == 0)
		r = said.error;
	if (r == -EINVAL && users >= 0)
		r = -EOPNOTSUPP;
	if (r == -EOPNOTSUPP && !for_whom)
		return r;
	if (r == -EOPNOTSUPP)
		return refuse(-EOPNOTSUPP,
			      "%s: its file system, or this kernel, cannot mount it with the "
			      "container's ids",
			      what);
	if (r < 0)
		return fail(r, "%s: mount it over its base", what);
	*fd = take_fd(&got);
	return 0;
}
