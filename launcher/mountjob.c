// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/mountjob.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "launcher/served.h"

#define PROC "proc/"

/* ---- the call ---- */

static int text_of(const struct job *j, uint64_t address, char *out, bool *has)
{
	*has = address != 0;
	return address ? memory_text(j->e.mem, address, out, TEXT_MAX) : 0;
}

/* mount(source, target, type, flags, data); umount2(target, flags) */
static int read_texts(struct job *j)
{
	const uint64_t *args = (const uint64_t *)j->ask->call.data.args;
	bool mounts = j->ask->kind == MOUNTING_MOUNT;
	struct call_texts *t = &j->texts;
	char name[32], type[8] = "proc";
	int r = memory_text(j->e.mem, args[mounts], t->target, TEXT_MAX), own;

	if (r == 0 && mounts)
		r = memory_text(j->e.mem, args[2], type, sizeof(type));
	if (r == 0 && mounts)
		r = text_of(j, args[0], t->source, &t->has_source);
	if (r == 0 && mounts)
		r = text_of(j, args[4], t->data, &t->has_data);
	if (r < 0 || strcmp(type, "proc") != 0)
		return r < 0 ? r : -ENODEV;
	own = mounts ? own_fd(t->target) : -ENOENT;
	if (own < 0)
		return 0;
	snprintf(name, sizeof(name), "fd/%d", own);
	t->given = openat(j->e.proc, name, O_PATH | O_CLOEXEC);
	return MIN(t->given, 0);
}

static int read_call(struct job *j)
{
	int r = entrance_open(&j->e);

	if (r == 0)
		r = read_texts(j);
	/* Until here it could have been another process with its pid. */
	return r == 0 && !still_waits(&j->e) ? -ESRCH : r;
}

/* ---- the views ---- */

const char *view_name(const struct job *j, size_t i)
{
	const char *path = json_object_get_string(json_object_array_get_idx(j->views, i));

	return path && strncmp(path, PROC, strlen(PROC)) == 0 ? path + strlen(PROC) : NULL;
}

static int clone_views(struct job *j)
{
	size_t n = json_object_array_length(j->views);

	j->clone = malloc((n + 1) * sizeof(*j->clone));
	for (size_t i = 0; j->clone && i < n; i++)
		j->clone[i] = -EBADF;
	for (size_t i = 0; j->clone && i < n; i++) {
		char path[PATH_MAX];

		if (!view_name(j, i))
			continue;
		snprintf(path, sizeof(path), PROC "%s", view_name(j, i));
		j->clone[i] = served_clone(j->root, path);
		if (j->clone[i] < 0)
			return j->clone[i];
	}
	return j->clone ? 0 : -ENOMEM;
}

static int learn_views(struct job *j, const struct options *o)
{
	json_object *answer;
	struct statx st;
	int r = ask(o, request_new("ping", NULL, NULL), &answer);

	if (r < 0)
		return r;
	if (!json_object_object_get_ex(answer, "views", &j->views) || !served_are_names(j->views))
		return refuse(-EPROTO, "pctfs names views that are none");
	j->root = served_root(j->mount, j->ask->root);
	if (j->root < 0)
		return j->root;
	if (statx(j->root, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &st) < 0)
		return -errno;
	j->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	return 0;
}

/* On one that is not seen anywhere yet, and in which nothing but the kernel can have put a name. */
static int lay_views(const struct job *j, int bare)
{
	for (size_t i = 0, n = json_object_array_length(j->views); i < n; i++) {
		auto_fd onto = -EBADF;

		if (j->clone[i] < 0)
			continue;
		onto = served_open(bare, view_name(j, i), 0);
		if (onto == -ENOENT) /* subset=pid */
			continue;
		if (onto < 0)
			return onto;
		if (move_mount(j->clone[i], "", onto, "",
			       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
			return -errno;
	}
	return 0;
}

/* The bare procfs becomes one with views on it, in a namespace that ends with this process. */
static int assemble(const struct job *j, int scratch, int bare)
{
	auto_fd root = -EBADF;
	struct statfs fs;
	int r;

	if (fstatfs(bare, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return -EBADF;
	if (setns(scratch, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    move_mount(bare, "", AT_FDCWD, "/new", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	root = open("/new", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = root < 0 ? -errno : lay_views(j, root);
	if (r == 0)
		r = open_tree(root, "",
			      AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return r < 0 && errno ? -errno : r;
}

int scratch_new(void)
{
	int ends[2], fd = -EBADF;
	char byte = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(1);
		fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
		if (mount("pctfs", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			  "mode=700,size=4k") < 0 ||
		    chdir("/proc") < 0 || mkdir("new", 0700) < 0 ||
		    syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
			_exit(1);
		_exit(fds_send(ends[1], &byte, 1, &fd, 1, 0) < 0);
	}
	close(ends[1]);
	if (pid > 0 && fds_receive(ends[0], &byte, 1, &fd, 1) != 1)
		close_fd(&fd);
	close(ends[0]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return fd < 0 ? -EIO : fd;
}

/* ---- the job ---- */

int start_double(struct job *j, int (*work)(struct job *j), pid_t *pid)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	*pid = fork();
	if (*pid == 0) {
		int r;

		close(ends[0]);
		j->sock = ends[1];
		r = work(j);
		_exit(r < 0 ? MIN(-r, 99 + MOUNTING_CONTINUE) : r ? 100 : 0);
	}
	close(ends[1]);
	j->sock = ends[0];
	return *pid < 0 ? -errno : 0;
}

int end_double(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return MOUNTING_CONTINUE;
	if (!WIFEXITED(status) || WEXITSTATUS(status) >= 100)
		return MOUNTING_CONTINUE;
	return -WEXITSTATUS(status);
}

/* It is moved in while the caller waits for it: else the call will come again, and one is too many.
 */
static int do_mount(struct job *j, int scratch)
{
	auto_fd bare = -EBADF;
	auto_fd whole = -EBADF;
	char byte = 0;

	if (fds_receive(j->sock, &byte, 1, &bare, 1) != 1 || bare < 0)
		return -EIO;
	errno = 0;
	whole = assemble(j, scratch, bare);
	if (whole < 0)
		return fail(whole, "lay views on a container's new procfs");
	if (!still_waits(&j->e))
		return -ESRCH;
	return fds_send(j->sock, &byte, 1, &whole, 1, 0);
}

int job_run(const struct options *o, const char *mount, const struct mounting *ask,
	    const int fds[MOUNTING_FDS], int scratch)
{
	bool mounts = ask->kind == MOUNTING_MOUNT;
	struct job j = { .ask = ask,
			 .mount = mount,
			 .root = -EBADF,
			 .sock = -EBADF,
			 .e = { .proc = fds[MOUNTING_PROC],
				.mem = fds[MOUNTING_MEM],
				.notify = fds[MOUNTING_NOTIFY],
				.id = ask->call.id },
			 .texts = { .given = -EBADF } };
	int (*work)(struct job *) = mounts ? double_mount : double_umount;
	pid_t pid = -1;
	int r;

	if (ask->kind == MOUNTING_MKNOD || ask->kind == MOUNTING_MKNODAT)
		return node_run(&j);
	r = read_call(&j);
	/* The kernel refuses it without more ado. */
	if (r == 0 && !(j.e.who.effective & (1ull << CAP_SYS_ADMIN)))
		r = -EPERM;
	if (r == 0 && j.e.who.bound) {
		work = double_after;
		r = mounts ? 0 : -EPERM;
	}
	if (r == 0)
		r = learn_views(&j, o);
	if (r == 0 && mounts)
		r = clone_views(&j);
	if (r == 0)
		r = start_double(&j, work, &pid);
	if (r < 0) {
		debug("a call of process %u is the kernel's: %s", ask->call.pid, strerror(-r));
		return MOUNTING_CONTINUE;
	}
	if (work == double_mount && do_mount(&j, scratch) < 0) {
		kill(pid, SIGKILL);
		(void)!end_double(pid);
		return MOUNTING_CONTINUE;
	}
	if (work == double_after) { /* the monitor has other calls: it looks on without us */
		char byte = 0;

		(void)!fds_receive(j.sock, &byte, 1, NULL, 0);
		return MOUNTING_CONTINUE;
	}
	return end_double(pid);
}
