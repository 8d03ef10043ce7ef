// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is to be laid into a container, as mounts in a mount namespace that nobody else has.
 */
#include <ctype.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/say.h"
#include "pct/ct/remap.h"
#include "pct/ct/stage.h"
#include "pct/ct/target.h"
#include "pct/paths.h"

#define GROUP_MAX (1u << 20) /* of /etc/group */

/* Of "video:x:44:", one a line. */
static bool group_in(const char *text, const char *name, uint32_t *gid)
{
	size_t n = strlen(name);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *end = line + strcspn(line, "\n"), *number;
		char *after;

		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		number = memchr(line + n + 1, ':', (size_t)(end - (line + n + 1)));
		if (!number)
			continue;
		*gid = (uint32_t)strtoul(number + 1, &after, 10);
		if (after > number + 1 && *after == ':')
			return true;
	}
	return false;
}

/* A name is one of the container's own. */
static int find_group(const struct staging *s, const struct placing *p, uint32_t *gid)
{
	auto_free char *text = calloc(1, GROUP_MAX);
	int r = text ? spot_read(s->root, "etc/group", text, GROUP_MAX - 1) : -ENOMEM;

	if (r < 0)
		return fail(r, "%s: read the container's /etc/group", p->name);
	return group_in(text, p->group, gid)
		   ? 0
		   : refuse(-ENOENT,
			    "%s: the container has no group '%s'; give a number, or make it",
			    p->name, p->group);
}

static int make_node(const struct staging *s, const struct placing *p, const char *at)
{
	auto_fd fd = -EBADF;
	uint32_t uid, gid = 0;
	struct stat st;
	int r = placing_open(p, &fd);

	if (r == 0 && p->group && isdigit((unsigned char)*p->group))
		gid = (uint32_t)strtoul(p->group, NULL, 10);
	else if (r == 0 && p->group)
		r = find_group(s, p, &gid);
	if (r < 0)
		return r;
	uid = idmap_outside(s->ids, 'u', p->uid);
	gid = idmap_outside(s->ids, 'g', gid);
	if (uid == IDMAP_NONE || gid == IDMAP_NONE)
		return refuse(-ERANGE, "%s: the container has no such user or group", p->name);
	if (fstat(fd, &st) < 0 || mknod(at, (st.st_mode & S_IFMT) | 0600, st.st_rdev) < 0 ||
	    chown(at, uid, gid) < 0 || chmod(at, p->mode) < 0)
		return fail(-errno, "%s: make a node of '%s'", p->name, p->source);
	return 0;
}

static int set_attributes(const struct staging *s, const struct placing *p, int tree)
{
	struct mount_attr a = { .attr_set = p->how.attributes, .propagation = MS_PRIVATE };
	auto_fd users = -EBADF;
	int r = 0;

	if (p->how.attributes & MOUNT_ATTR_NOATIME)
		a.attr_clr = MOUNT_ATTR__ATIME;
	if (p->ids)
		r = remap_open(p->name, p->ids, s->ids, s->user, &users);
	if (r < 0)
		return r;
	if (users >= 0) {
		a.attr_set |= MOUNT_ATTR_IDMAP;
		a.userns_fd = (uint64_t)users;
	}
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &a, sizeof(a)) == 0)
		return 0;
	if (users >= 0 && (errno == EINVAL || errno == EPERM))
		return refuse(-EOPNOTSUPP,
			      "%s: the file system of '%s' cannot be mounted with other ids; leave "
			      "'idmap' out, or change the owners of its files",
			      p->name, p->source);
	return fail(-errno, "%s: mount '%s'", p->name, p->source);
}

static int open_volume(const struct staging *s, const struct placing *p, int *tree)
{
	struct volume_how how = p->how;
	auto_volume v = VOLUME_NONE;
	int r = volume_find(s->vmid, p->name, p->source, &v);

	how.users = p->ids ? -EBADF : s->user;
	if (r == 0)
		r = volume_mount(&v, NULL, &how, tree);
	return r == 0 && p->ids ? set_attributes(s, p, *tree) : r;
}

static int open_source(const struct staging *s, const struct placing *p, int *tree)
{
	auto_fd fd = -EBADF;
	int r = placing_open(p, &fd);

	if (r < 0)
		return r;
	*tree = open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	return *tree < 0 ? fail(-errno, "%s: mount '%s'", p->name, p->source)
			 : set_attributes(s, p, *tree);
}

static int make_mount(const struct staging *s, const struct placing *p, const char *at)
{
	auto_fd tree = -EBADF, spot = -EBADF;
	struct stat st;
	int r = p->volume ? open_volume(s, p, &tree) : open_source(s, p, &tree);

	if (r < 0)
		return r;
	if (fstat(tree, &st) < 0)
		return fail(-errno, "%s: mount '%s'", p->name, p->source);
	if (S_ISDIR(st.st_mode))
		r = mkdir(at, 0700);
	else
		r = spot = open(at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (r < 0 || move_mount(tree, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail(-errno, "%s: stage '%s'", p->name, p->source);
	return 0;
}

int stage(const struct staging *s)
{
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", s->vmid);
	int r = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("pct", dir, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=1m") < 0 ||
	    chdir(dir) < 0)
		return fail(-errno, "stage what is mounted in CT %u", s->vmid);
	for (size_t i = 0; i < s->n && r == 0; i++) {
		auto_free char *at = text_of("%zu", i);
		const struct placing *p = &s->all[i];

		r = p->device ? make_node(s, p, at) : make_mount(s, p, at);
	}
	return r;
}
