// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/target.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/say.h"

/* Of in->own: what they are called, and what they are made of. */
static const struct {
	const char *name, *type;
} trees[] = { { "proc", "proc" }, { "sys", "sysfs" } };

static size_t tree_of(const char *path)
{
	return strncmp(path, "sys/", 4) == 0;
}

/* ---- what is open ---- */

static int open_in(int at, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | resolve,
	};
	int fd = (int)syscall(SYS_openat2, at, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* Nothing but what the kernel knows by itself is asked for: a FUSE could let us wait for more. */
static int identify(int fd, uint64_t *mnt, dev_t *dev)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &st) < 0)
		return -errno;
	*mnt = st.stx_mnt_id;
	*dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	return 0;
}

int mount_of(int fd, uint64_t *out)
{
	dev_t dev;

	return identify(fd, out, &dev);
}

static int read_mounts(struct inside *in)
{
	auto_fd fd = openat(in->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct mountinfo m;
	int r = fd < 0 ? -errno : mountinfo_read(fd, &m);

	if (r < 0)
		return r;
	mountinfo_free(&in->mounts);
	in->mounts = m;
	return 0;
}

static bool is_quiet(const struct inside *in, dev_t dev)
{
	for (size_t i = 0; i < in->n_quiet; i++)
		if (in->quiet[i].dev == dev)
			return true;
	return false;
}

static void add_quiet(struct inside *in, int fd, dev_t dev)
{
	int copy = -EBADF;

	if (in->n_quiet < QUIET_MAX && !is_quiet(in, dev))
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return;
	in->quiet[in->n_quiet].fd = copy;
	in->quiet[in->n_quiet++].dev = dev;
}

/* Nobody in user space answers there; the mounts were read when it was open already. */
static bool answers_itself(const struct inside *in, uint64_t mnt)
{
	static const char *const types[] = { "proc", "sysfs", "tmpfs" };
	const struct mount_row *row = mountinfo_find(&in->mounts, mnt);

	for (size_t i = 0; row && i < ARRAY_LEN(types); i++)
		if (strcmp(row->type, types[i]) == 0)
			return true;
	return false;
}

/* ---- entering ---- */

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
	/* Of the namespace it was opened in. */
	in->host = openat(in->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (in->host < 0)
		return fail(-errno, "open /proc/self/mountinfo");
	if (pidfd >= 0 && setns(pidfd, CLONE_NEWNS) < 0)
		return errno == EPERM
			   ? refuse(-EPERM, "the process does not let its mount namespace be "
					    "entered: give one that is in a container, as root")
			   : fail(-errno, "enter the container's mount namespace");
	if (own_namespace(in) == host && !*prefix)
		return refuse(-EINVAL, "the process has the host's own mount namespace: "
				       "give one that is in a container");
	/* No way that was free of links before has one now. */
	in->root = open_in(AT_FDCWD, *prefix ? prefix : "/", 0);
	return in->root < 0 ? fail(in->root, "open the container's root '%s'", prefix) : 0;
}

static int open_trees(struct inside *in)
{
	dev_t dev[ARRAY_LEN(trees)];
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(trees) && r == 0; i++) {
		in->own[i] = open_in(in->root, trees[i].name, RESOLVE_IN_ROOT);
		if (in->own[i] >= 0)
			r = identify(in->own[i], &in->own_mnt[i], &dev[i]);
	}
	if (r == 0)
		r = read_mounts(in);
	for (size_t i = 0; i < ARRAY_LEN(trees) && r == 0; i++)
		if (in->own[i] >= 0 && answers_itself(in, in->own_mnt[i]))
			add_quiet(in, in->own[i], dev[i]);
	return r < 0 ? fail(r, "look at the container's mounts") : 0;
}

int inside_enter(int pidfd, const char *prefix, struct inside *in)
{
	uint64_t mnt;
	dev_t dev;
	int r;

	*in = (struct inside){ .root = -EBADF };
	r = enter(pidfd, prefix, in);
	if (r < 0)
		return r;
	r = identify(in->root, &mnt, &dev);
	if (r < 0)
		return fail(r, "look at the container's root '%s'", prefix);
	add_quiet(in, in->root, dev); /* as quiet as it was for "proc" */
	return open_trees(in);
}

int inside_same(const struct inside *in)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(trees) && r == 0; i++) {
		auto_fd fd = open_in(in->root, trees[i].name, RESOLVE_IN_ROOT);
		uint64_t mnt = 0;

		if (fd >= 0)
			r = mount_of(fd, &mnt);
		if (r == 0 && (fd < 0 ? fd != in->own[i] : mnt != in->own_mnt[i]))
			r = refuse(-EAGAIN, "'/%s' in the container was changed meanwhile",
				   trees[i].name);
	}
	return r;
}

/* ---- finding ---- */

/* May names be looked up in what is open there? */
static bool may_look_in(struct inside *in, int fd, uint64_t mnt, dev_t dev)
{
	if (is_quiet(in, dev))
		return true;
	/* A mount that lies on the way. */
	if (read_mounts(in) < 0 || !answers_itself(in, mnt))
		return false;
	add_quiet(in, fd, dev);
	return true;
}

int target_find(struct inside *in, const char *path, struct target *out)
{
	size_t tree = tree_of(path);
	const char *rest = path + strlen(trees[tree].name);
	struct target t = { .fd = -EBADF };
	auto_fd fd = in->own[tree] < 0 ? in->own[tree] : fcntl(in->own[tree], F_DUPFD_CLOEXEC, 0);
	dev_t dev;
	int r = fd < 0 ? (in->own[tree] < 0 ? fd : -errno) : identify(fd, &t.mnt, &dev);

	while (r == 0 && *rest == '/') {
		char name[NAME_MAX + 1];
		int next;

		t.cut = !may_look_in(in, fd, t.mnt, dev);
		if (t.cut)
			break;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(rest + 1, "/"), rest + 1);
		rest += 1 + strlen(name);
		next = open_in(fd, name, RESOLVE_IN_ROOT);
		close_fd(&fd);
		fd = next;
		r = fd < 0 ? fd : identify(fd, &t.mnt, &dev);
	}
	if (r < 0)
		return r;
	in->unread |= t.mnt != in->own_mnt[0] && t.mnt != in->own_mnt[1];
	t.fd = take_fd(&fd);
	*out = t;
	return 0;
}

int inside_look(struct inside *in)
{
	int r = in->unread ? read_mounts(in) : 0;

	in->unread = in->unread && r < 0;
	in->heard = false;
	return r;
}

/* ---- what lies there ---- */

bool is_lxcfs(const char *type)
{
	return strcmp(type, "fuse.lxcfs") == 0;
}

static bool is_view(const char *type)
{
	return strcmp(type, "fuse.pctfs") == 0 || is_lxcfs(type);
}

/* The host's mounts and those of its first process: we may be in a namespace of our own. */
static void read_hosts(struct inside *in)
{
	auto_fd first = openat(in->proc, "1/mountinfo", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_LEN(in->hosts); i++)
		mountinfo_free(&in->hosts[i]);
	in->deaf = mountinfo_read(in->host, &in->hosts[0]) < 0 ||
		   (first >= 0 && mountinfo_read(first, &in->hosts[1]) < 0);
	in->heard = true;
}

/* Would the host see what is mounted in that group? */
static bool is_hosts(struct inside *in, uint64_t group)
{
	if (!in->heard)
		read_hosts(in);
	return in->deaf || mountinfo_hears(&in->hosts[0], group) ||
	       mountinfo_hears(&in->hosts[1], group);
}

int target_judge(struct inside *in, const char *path, struct target *t)
{
	const char *own = trees[tree_of(path)].type;
	const struct mount_row *row = mountinfo_find(&in->mounts, t->mnt);
	enum lies lies = LIES_NOTHING;

	if (!row)
		return -EAGAIN; /* it was taken away */
	snprintf(t->type, sizeof(t->type), "%s", row->type);
	t->shared = false;
	t->layers = 0;
	t->lies = LIES_OTHER;
	if (t->cut)
		return 0;
	/* Down through views, which are mounted one on another, to what they cover. */
	for (size_t i = 0; row && i < in->mounts.n; i++) {
		if (row->shared && is_hosts(in, row->shared))
			lies = LIES_HOSTS;
		t->shared |= row->shared != 0;
		if (strcmp(row->type, own) == 0) {
			t->lies = lies;
			break;
		}
		if (!is_view(row->type))
			break;
		if (lies == LIES_NOTHING)
			lies = LIES_VIEW;
		t->layers += strcmp(row->type, t->type) == 0;
		row = mountinfo_find(&in->mounts, row->parent);
	}
	return 0;
}

/* umount2() wants a path: the one of the fd, in the host's /proc, as the container has no such. */
int target_bare(struct inside *in, const struct target *t)
{
	char name[32];
	auto_fd fds = openat(in->proc, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);

	snprintf(name, sizeof(name), "%d", t->fd);
	if (fds < 0 || fchdir(fds) < 0 || umount2(name, MNT_DETACH) < 0)
		return -errno;
	return 0;
}
