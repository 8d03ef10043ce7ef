// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/snap/clone.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/step.h"
#include "pct/tree/tree-copy.h"

/* Can its storage do it, at once? */
static bool clones_at_once(const struct volume *v, const struct cloning *how)
{
	unsigned can = volume_features(v);

	if (how->to && how->to != v->storage)
		return false;
	return can & STORAGE_CLONES && (!how->full || can & STORAGE_COPIES);
}

bool clone_links(const struct volume *v, const struct cloning *how)
{
	struct cloning linked = { .to = how->to };

	return clones_at_once(v, &linked);
}

bool clone_copies(const struct volume *v, const struct cloning *how)
{
	return how->full && !clones_at_once(v, how);
}

static int copy_files(const struct named_volume *from, const struct volume *to, int src,
		      uint64_t used, const struct cloning *how)
{
	const struct volume_how plain = VOLUME_PLAIN;
	auto_fd dst = -EBADF;
	int r = volume_mount(to, NULL, &plain, &dst);

	if (r < 0)
		return r;
	if (how->progress)
		progress_begin(how->progress, used, "copy %s", from->key);
	r = tree_copy(src, dst, how->progress);
	return how->progress ? progress_end(how->progress, r) : r;
}

static int copy_volume(const struct named_volume *from, const struct cloning *how,
		       struct volume *out)
{
	struct volume_how plain = VOLUME_PLAIN;
	auto_volume made = VOLUME_NONE;
	struct storage_usage usage = { 0 };
	struct volume_spec spec = { .vmid = how->vmid };
	struct volume_info info;
	auto_fd src = -EBADF;
	struct stat st;
	int r = volume_info(&from->v, &info);

	if (r < 0)
		return fail(r, "find volume '%s:%s'", from->v.storage->id, from->v.name);
	plain.attributes = MOUNT_ATTR_RDONLY;
	r = volume_mount(&from->v, how->snapshot, &plain, &src);
	if (r < 0)
		return r;
	if (fstat(src, &st) < 0)
		return fail(-errno, "read volume '%s:%s'", from->v.storage->id, from->v.name);
	spec.bytes = info.bytes;
	spec.uid = st.st_uid;
	spec.gid = st.st_gid;
	/* Of a directory without a limit it is not known without looking at each file. */
	if (info.format == VOLUME_IMAGE || info.bytes)
		(void)volume_usage(&from->v, src, &usage);
	r = step("clone: make a volume");
	if (r == 0)
		r = volume_alloc(how->to ? how->to : from->v.storage, &spec, &made);
	if (r < 0)
		return r;
	r = copy_files(from, &made, src, usage.used, how);
	if (r < 0) {
		(void)volume_free(&made);
		return r;
	}
	*out = made;
	made = (struct volume)VOLUME_NONE;
	return 0;
}

int clone_volume(const struct named_volume *from, const struct cloning *how, struct volume *out)
{
	const struct storage *s = from->v.storage;
	struct volume made = { .storage = s, .owner = how->vmid };
	int r;

	if (clone_copies(&from->v, how))
		return copy_volume(from, how, out);
	if (!clones_at_once(&from->v, how))
		return refuse(-EOPNOTSUPP,
			      "%s, on storage '%s' of type '%s', can have no linked clone; give "
			      "--full",
			      from->key, s->id, s->type);
	r = step("clone: a volume");
	if (r == 0)
		r = s->driver->clone(s, from->v.name, how->snapshot, how->vmid, &made.name);
	if (r == 0)
		*out = made;
	return r;
}

/* Inside the root only, wherever links in there lead. */
static int open_inside(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_NOCTTY | O_NONBLOCK | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* An empty one is made anew at the next start; "uninitialized" is that already. */
static int forget_machine_id(int root)
{
	static const char new[] = "uninitialized";
	auto_fd fd = open_inside(root, "etc/machine-id", O_RDWR);
	char text[64];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	n = read(fd, text, sizeof(text));
	if (n >= (ssize_t)sizeof(new) - 1 && memcmp(text, new, sizeof(new) - 1) == 0)
		return 0;
	return step("clone: forget its machine id") < 0 || ftruncate(fd, 0) < 0 ? -errno : 0;
}

/* D-Bus' own, where it is not a link to the other. */
static int forget_dbus_id(int root)
{
	auto_fd dir = open_inside(root, "var/lib/dbus", O_RDONLY | O_DIRECTORY);
	struct stat st;

	if (dir < 0 || fstatat(dir, "machine-id", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return 0;
	return step("clone: forget D-Bus' id") < 0 || unlinkat(dir, "machine-id", 0) < 0 ? -errno
											 : 0;
}

void clone_forget_identity(int root, const char *name)
{
	auto_fd top = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = forget_machine_id(root);

	if (r == 0)
		r = forget_dbus_id(root);
	if (r == 0 && (top < 0 || syncfs(top) < 0))
		r = -errno;
	if (r < 0)
		warn(r, "%s: it has the machine id of what it is a clone of", name);
}
