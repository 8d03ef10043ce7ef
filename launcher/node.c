// SPDX-License-Identifier: LGPL-2.1-or-later
// clang-format off
/*
 * mknod(2) of a device in an unprivileged container, for its root: the kernel lets nobody do that
 * who is not in the host's own user namespace. So it takes two:
 *
 *   the double     as the caller in all (enter.h): finds the directory, and the kernel says to it
 *                  whether the caller may make something there
 *   the job        in the caller's mount namespace, root, cgroup of devices and security label, with
 *                  its users and umask, but in the host's user namespace. It is handed the
 *                  directory, open, looks nothing up but the last name in it, and makes that one node
 *
 * Whatever does not come to that is the kernel's own to answer: what a caller does without us.
 */
// clang-format on
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/nodes.h"
#include "launcher/cgroups.h"
#include "launcher/mountjob.h"

struct made {
	dev_t dev;
	ino_t ino;
};

/* mknod(path, mode, dev); mknodat(directory, path, mode, dev) */
static const uint64_t *args_of(const struct job *j, int *dir)
{
	const uint64_t *args = (const uint64_t *)j->ask->call.data.args;

	*dir = j->ask->kind == MOUNTING_MKNODAT ? (int)args[0] : AT_FDCWD;
	return j->ask->kind == MOUNTING_MKNODAT ? args + 1 : args;
}

static int read_node(struct job *j)
{
	int dir, r;
	const uint64_t *args = args_of(j, &dir);
	char name[32];

	if (!node_is_allowed(args[1], args[2]))
		return -EPERM;
	r = entrance_open(&j->e);
	if (r == 0)
		r = memory_text(j->e.mem, args[0], j->texts.target, TEXT_MAX);
	if (r == 0 && dir != AT_FDCWD && *j->texts.target != '/') {
		snprintf(name, sizeof(name), "fd/%d", dir);
		j->texts.given = openat(j->e.proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = j->texts.given < 0 ? -errno : 0;
	}
	/* Until here it could have been another process with its pid. */
	return r == 0 && !still_waits(&j->e) ? -ESRCH : r;
}

/*
 * Who may on a machine of its own: its root, not that of a user namespace which anybody in there
 * can make. Whoever has no_new_privs may be in a domain of Landlock's that forbids it, which cannot
 * be seen.
 */
static bool may_make(const struct entrance *e)
{
	return (e->who.effective & (1ull << CAP_MKNOD)) && !e->who.bound && e->user >= 0 &&
	       entrance_is_container(e);
}

/* ---- the double ---- */

/* What mknod(2) would make there; NULL: that is no name of something new. */
static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 ? name : NULL;
}

static int open_above(const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_NO_MAGICLINKS };
	const char *name = last_name(path);
	char above[TEXT_MAX];
	int fd;

	if (!name)
		return -EEXIST;
	snprintf(above, sizeof(above), "%.*s", (int)(name - path), path);
	fd = (int)syscall(SYS_openat2, AT_FDCWD, *above ? above : ".", &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

/* Seen from the caller's root, as what somebody outside has handed in is not; and his to write. */
static bool is_his(int dir)
{
	char path[PATH_MAX];

	return fchdir(dir) == 0 && syscall(SYS_getcwd, path, sizeof(path)) > 0 && *path == '/' &&
	       faccessat(AT_FDCWD, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

/* The caller is gone, or calls again. */
static void unmake(int dir, const char *name, const struct made *made)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == made->dev &&
	    st.st_ino == made->ino)
		(void)unlinkat(dir, name, 0);
}

static bool is_there(const struct job *j, int dir)
{
	struct stat st;

	return fstatat(dir, last_name(j->texts.target), &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int double_node(struct job *j)
{
	auto_fd dir = -EBADF;
	auto_fd top = -EBADF;
	struct made made = { 0 };
	int r = entrance_enter(&j->e, &top);

	if (r == 0 && j->texts.given >= 0 && fchdir(j->texts.given) < 0)
		r = -errno;
	if (r == 0)
		r = dir = open_above(j->texts.target);
	if (r < 0 || !is_his(dir) || is_there(j, dir) ||
	    fds_send(j->sock, &made, 1, &dir, 1, 0) < 0 ||
	    fds_receive(j->sock, &made, sizeof(made), NULL, 0) != sizeof(made))
		return MOUNTING_CONTINUE;
	if (answer_caller(j, j->e.notify, 0))
		return MOUNTING_DONE;
	unmake(dir, last_name(j->texts.target), &made);
	return MOUNTING_CONTINUE;
}

/* ---- the job ---- */

/* Whether the directory may be written by the caller its double has asked. */
static int make(const struct job *j, int dir, struct made *out)
{
	int r, ignored;
	const uint64_t *args = args_of(j, &ignored);
	const char *name = last_name(j->texts.target);
	struct stat st;

	r = entrance_enter_with(&j->e, 1ull << CAP_MKNOD | 1ull << CAP_DAC_OVERRIDE);
	if (r < 0)
		return r;
	(void)umask(j->e.who.umask);
	if (!still_waits(&j->e))
		return -ESRCH;
	if (syscall(SYS_mknodat, dir, name, S_IFCHR | (args[1] & 07777), (uint32_t)args[2]) < 0 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*out = (struct made){ st.st_dev, st.st_ino };
	return 0;
}

static int make_for_double(const struct job *j)
{
	auto_fd dir = -EBADF;
	int cgroups[N_CGROUPS], r;
	struct made made;
	char byte = 0;

	if (fds_receive(j->sock, &byte, 1, &dir, 1) != 1 || dir < 0)
		return -EACCES;
	r = cgroups_open(j->e.proc, cgroups);
	if (r == 0)
		r = cgroups_join(cgroups);
	if (r == 0)
		r = make(j, dir, &made);
	return r < 0 ? r : fds_send(j->sock, &made, sizeof(made), NULL, 0, 0);
}

int node_run(struct job *j)
{
	int r = read_node(j);
	pid_t pid = -1;

	if (r == 0 && !may_make(&j->e))
		r = -EPERM;
	if (r == 0)
		r = start_double(j, double_node, &pid);
	if (r == 0)
		r = make_for_double(j);
	if (r < 0)
		debug("a node of process %u is not made: %s", j->ask->call.pid, strerror(-r));
	close_fd(&j->sock); /* or the double would wait for more */
	return pid > 0 ? end_double(pid) : MOUNTING_CONTINUE;
}
