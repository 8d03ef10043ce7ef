// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/mount.h"

#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>

#include "launcher/tree.h"

void mount_tree(char *out, size_t size)
{
	const char *root = getenv("PCT_ROOT");

	snprintf(out, size, "%s/var/lib/pctfs", root ? root : "");
}

/* What /proc says of a process. */
struct process {
	pid_t parent;
	uint64_t caps; /* effective, in a namespace of its own or not */
	int depth;     /* pid namespaces it is in, from /proc's on */
};

static int process_read(const char *pid, struct process *out)
{
	char path[48], line[256];
	auto_file f = NULL;

	*out = (struct process){ 0 };
	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		(void)sscanf(line, "PPid: %d", &out->parent);
		(void)sscanf(line, "CapEff: %" SCNx64, &out->caps);
		if (strncmp(line, "NSpid:", 6) == 0)
			for (const char *p = line; (p = strchr(p, '\t')); p++)
				out->depth++;
	}
	return 0;
}

/*
 * LXC's monitor is the parent of the container's first process, in the pid namespace outside. Its
 * capabilities are those the start-host hook will have.
 */
static bool monitor_is_root(void)
{
	struct process self, p;
	char pid[16];
	int r = process_read("self", &self);

	for (p = self; r == 0 && p.parent > 0 && p.depth == self.depth;) {
		snprintf(pid, sizeof(pid), "%d", p.parent);
		r = process_read(pid, &p);
	}
	return r == 0 && p.depth < self.depth && p.caps & 1ull << CAP_SYS_ADMIN;
}

bool mount_is_needless(const struct options *o)
{
	return access(o->socket, W_OK) == 0 || (access(o->socket, F_OK) == 0 && monitor_is_root());
}

int mount_views(const struct options *o)
{
	const char *root = getenv("LXC_ROOTFS_MOUNT");
	struct source from = { 0 };
	auto_json views = NULL;
	char tree[PATH_MAX];
	int r;

	mount_tree(tree, sizeof(tree));
	/* No pctfs at all: nothing that a user could help. */
	if (mount_is_needless(o) || !tree_is(tree))
		return 0;
	if (!root || *root != '/')
		return refuse(-EINVAL, "LXC_ROOTFS_MOUNT is not set: this is for lxc.hook.mount");
	r = tree_views(tree, &views);
	if (r < 0)
		return fail(r, "read '%s'", tree);
	from.root = tree;
	/* Whatever else is mounted there is the container's own. */
	return attach(-EBADF, root, &from, views, views);
}
