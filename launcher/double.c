// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "launcher/mountjob.h"
#include "launcher/served.h"

enum { KEPT_SOCK, KEPT_TOP, KEPT_TARGET, KEPT_NOTIFY, N_KEPT };

/* Nothing of ours is open in there but what the work needs. */
static int keep_only(int fds[N_KEPT])
{
	for (int i = 0; i < N_KEPT; i++)
		if (fds[i] >= 0)
			fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < N_KEPT; i++) {
		if (fds[i] < 0)
			continue;
		if (dup3(fds[i], i, O_CLOEXEC) < 0)
			return -errno;
		fds[i] = i;
	}
	return close_range(N_KEPT, ~0u, 0) < 0 ? -errno : 0;
}

bool answer_caller(const struct job *j, int notify, int r)
{
	struct seccomp_notif_resp resp = { .id = j->e.id, .error = r };

	return ioctl(notify, SECCOMP_IOCTL_NOTIF_SEND, &resp) == 0;
}

/* ---- mount(2) ---- */

/* Whoever traces it has no more than this. */
static int filter_maker(void)
{
	static const int calls[] = { SCMP_SYS(mount),	SCMP_SYS(open_tree),  SCMP_SYS(sendmsg),
				     SCMP_SYS(fchdir),	SCMP_SYS(exit_group), SCMP_SYS(exit),
				     SCMP_SYS(unshare), SCMP_SYS(close) };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_LEN(calls) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

/*
 * The call as it was made, but in a copy of the mount namespace. Where we are moves into the copy
 * with us, so that all of it can be had by ".", from which on no mount is seen elsewhere.
 */
static int make(const struct job *j, const char *target)
{
	const struct call_texts *t = &j->texts;
	unsigned long flags = (unsigned long)j->ask->call.data.args[3];
	char byte = 0;
	int fd;

	close(KEPT_NOTIFY);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || filter_maker() < 0)
		return 1;
	if (fchdir(KEPT_TOP) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, ".", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(t->has_source ? t->source : NULL, target, "proc", flags,
		  t->has_data ? t->data : NULL) < 0)
		return 1;
	fd = open_tree(AT_FDCWD, target, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return fd < 0 || fds_send(KEPT_SOCK, &byte, 1, &fd, 1, 0) < 0;
}

static int run_maker(const struct job *j, const char *target)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(make(j, target));
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int move_in(const struct job *j, int whole)
{
	if (move_mount(whole, "", KEPT_TARGET, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	if (answer_caller(j, KEPT_NOTIFY, 0))
		return 0;
	if (fchdir(whole) == 0)
		(void)umount2(".", MNT_DETACH);
	return -ESRCH;
}

/* What goes wrong here the kernel does as well, and knows the errno. */
int double_mount(struct job *j)
{
	char target[PATH_MAX];
	int kept[N_KEPT] = { j->sock, -EBADF, j->texts.given, j->e.notify };
	int whole, r = entrance_enter(&j->e, &kept[KEPT_TOP]);
	char byte;

	if (r == 0 && kept[KEPT_TARGET] < 0)
		kept[KEPT_TARGET] = open(j->texts.target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r < 0 || kept[KEPT_TARGET] < 0 || keep_only(kept) < 0)
		return MOUNTING_CONTINUE;
	/* The target is this directory from here on, whatever becomes of the path. */
	if (fchdir(KEPT_TARGET) < 0 || syscall(SYS_getcwd, target, sizeof(target)) < 0 ||
	    *target != '/' || run_maker(j, target) < 0)
		return MOUNTING_CONTINUE;
	if (fds_receive(KEPT_SOCK, &byte, 1, &whole, 1) != 1 || whole < 0)
		return MOUNTING_CONTINUE;
	return move_in(j, whole) < 0 ? MOUNTING_CONTINUE : MOUNTING_DONE;
}

/* ---- umount2(2) ---- */

bool identify(int at, const char *name, dev_t *dev, uint64_t *mnt, bool *is_root)
{
	struct statx st;

	if (statx(at, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
		  STATX_INO | STATX_MNT_ID, &st) < 0)
		return false;
	*dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	*mnt = st.stx_mnt_id;
	*is_root = st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return true;
}

/* A view on the procfs that is mounted as @mnt: cloned, so that it can be laid there again. */
static int clone_laid(const struct job *j, int proc, const char *name, uint64_t mnt)
{
	auto_fd fd = openat(proc, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	uint64_t its;
	bool is_root;
	dev_t dev;

	if (fd < 0 || !identify(fd, "", &dev, &its, &is_root) || its == mnt || dev != j->dev)
		return -ENOENT;
	return open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/* The procfs that is to be unmounted, if it is one, and has views; with clones of those. */
static int find_views(struct job *j)
{
	auto_fd proc = open(j->texts.target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t n = json_object_array_length(j->views), laid = 0;
	struct statfs fs;
	bool is_root;
	uint64_t mnt;
	dev_t dev;

	if (proc < 0 || fstatfs(proc, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC ||
	    !identify(proc, "", &dev, &mnt, &is_root) || !is_root)
		return -ENOENT;
	j->clone = malloc((n + 1) * sizeof(*j->clone));
	for (size_t i = 0; j->clone && i < n; i++) {
		j->clone[i] = view_name(j, i) ? clone_laid(j, proc, view_name(j, i), mnt) : -ENOENT;
		laid += j->clone[i] >= 0;
	}
	return laid ? take_fd(&proc) : -ENOENT;
}

static int take_off(const struct job *j, int proc)
{
	int r = fchdir(proc) < 0 ? -errno : 0;

	for (size_t i = 0, n = json_object_array_length(j->views); i < n && r == 0; i++)
		if (j->clone[i] >= 0 && umount2(view_name(j, i), UMOUNT_NOFOLLOW | MNT_DETACH) < 0)
			r = -errno;
	return r;
}

void lay_clones(const struct job *j, int proc)
{
	for (size_t i = 0, n = json_object_array_length(j->views); i < n; i++) {
		auto_fd onto = j->clone[i] < 0 ? -EBADF : served_open(proc, view_name(j, i), 0);

		if (onto >= 0)
			(void)!move_mount(j->clone[i], "", onto, "",
					  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	}
}

static void lay_again(const struct job *j)
{
	auto_fd proc = open(j->texts.target, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc >= 0)
		lay_clones(j, proc);
}

/* Views on it would make it busy. If it is so without them, they come back. */
int double_umount(struct job *j)
{
	int top, proc, r = entrance_enter(&j->e, &top);

	if (r < 0)
		return MOUNTING_CONTINUE;
	proc = find_views(j);
	if (proc < 0 || !still_waits(&j->e))
		return MOUNTING_CONTINUE;
	r = take_off(j, proc);
	close(proc); /* or we were who keeps it busy */
	if (fchdir(j->e.cwd) < 0)
		r = -errno;
	if (r == 0 && umount2(j->texts.target, (int)j->ask->call.data.args[1]) < 0)
		r = -errno;
	if (r < 0)
		lay_again(j);
	(void)!answer_caller(j, j->e.notify, r);
	return r;
}
