// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/target.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/say.h"

struct mount_row {
	uint64_t id, parent;
	char type[32]; /* as mountinfo calls it: "proc", "fuse.pctfs" */
};

/* ---- entering ---- */

static ino_t own_namespace(const struct inside *in)
{
	struct stat st;

	return fstatat(in->proc, "self/ns/mnt", &st, 0) < 0 ? 0 : st.st_ino;
}

static int add_mount(struct inside *in, const char *line)
{
	unsigned long long id, parent;
	const char *dash = strstr(line, " - ");
	struct mount_row *m = in->mounts;

	if (!dash || sscanf(line, "%llu %llu", &id, &parent) != 2)
		return -EBADMSG;
	if ((in->n_mounts & (in->n_mounts - 1)) == 0) /* full */
		m = realloc(m, MAX(2 * in->n_mounts, (size_t)1) * sizeof(*m));
	if (!m)
		return -ENOMEM;
	in->mounts = m;
	m += in->n_mounts++;
	*m = (struct mount_row){ .id = id, .parent = parent };
	snprintf(m->type, sizeof(m->type), "%.*s", (int)strcspn(dash + 3, " "), dash + 3);
	return 0;
}

static int read_mounts(struct inside *in)
{
	auto_fd fd = openat(in->proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	auto_file f = fd < 0 ? NULL : fdopen(fd, "r");
	auto_free char *line = NULL;
	size_t room = 0;
	int r = 0;

	if (!f)
		return -errno;
	(void)take_fd(&fd);
	in->n_mounts = 0;
	while (r == 0 && getline(&line, &room, f) > 0)
		r = add_mount(in, line);
	return r;
}

int inside_enter(int pidfd, const char *prefix, struct inside *in)
{
	ino_t host;

	*in = (struct inside){ .root = -EBADF };
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

/* ---- what lies there ---- */

static int resolve(const struct inside *in, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, in->root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int mount_of(int fd, uint64_t *out)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -errno;
	*out = st.stx_mnt_id;
	return 0;
}

static const struct mount_row *row_of(const struct inside *in, uint64_t id)
{
	for (size_t i = 0; i < in->n_mounts; i++)
		if (in->mounts[i].id == id)
			return &in->mounts[i];
	return NULL;
}

static bool is_view(const char *type)
{
	return strcmp(type, "fuse.pctfs") == 0 || strcmp(type, "fuse.lxcfs") == 0;
}

/* Down through views, which are mounted one on another, to what they cover. */
static enum lies look_below(const struct inside *in, const struct mount_row *top, const char *own)
{
	enum lies lies = LIES_NOTHING;

	for (int i = 0; top && i < LAYERS_MAX; i++, top = row_of(in, top->parent)) {
		if (strcmp(top->type, own) == 0)
			return lies;
		if (!is_view(top->type))
			break;
		lies = LIES_VIEW;
	}
	return LIES_OTHER;
}

int target_find(struct inside *in, const char *path, struct target *out)
{
	const char *own = strncmp(path, "sys/", 4) == 0 ? "sysfs" : "proc";
	auto_fd fd = resolve(in, path);
	const struct mount_row *top;
	uint64_t mnt;
	int r = fd < 0 ? fd : mount_of(fd, &mnt);

	if (r < 0)
		return r;
	top = row_of(in, mnt);
	if (!top) { /* newer than what we know */
		r = read_mounts(in);
		top = r < 0 ? NULL : row_of(in, mnt);
	}
	if (!top)
		return r < 0 ? r : -EAGAIN;
	*out = (struct target){ .mnt = mnt, .lies = look_below(in, top, own) };
	snprintf(out->type, sizeof(out->type), "%s", top->type);
	out->fd = take_fd(&fd);
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
