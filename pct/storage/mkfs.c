// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mkfs programs do it. ext4's sets the owner of the root directory itself; xfs' takes it from
 * a description of what is to be in there.
 */
#include "pct/storage/mkfs.h"
#include "base/say.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/tool.h"

/*
 * Shared storages get mmp: a host that has it mounted keeps others off. On a local one it would
 * only write every five seconds.
 */
static int make_ext4(const char *path, const struct volume_spec *spec, bool shared,
		     const char *what)
{
	auto_free char *extended = text_of("root_owner=%u:%u,nodiscard", spec->uid, spec->gid);
	const char *const argv[] = { "mkfs.ext4", "-q",	    "-F", "-O", shared ? "mmp" : "^mmp",
				     "-E",	  extended, path, NULL };

	return step("volume: make an ext4 in it") < 0 ? fail(-errno, "%s", what)
						      : tool_run(argv, "e2fsprogs", "", NULL, what);
}

static int make_xfs(const char *path, const struct volume_spec *spec, const char *what)
{
	auto_free char *root = text_of("/dev/null\n0 0\nd--755 %u %u\n$\n", spec->uid, spec->gid);
	const char *const argv[] = { "mkfs.xfs", "-q", "-f", "-K", "-p", "/dev/stdin", path, NULL };

	return step("volume: make an xfs in it") < 0 ? fail(-errno, "%s", what)
						     : tool_run(argv, "xfsprogs", root, NULL, what);
}

int mkfs_volume(const struct volume *v, const struct volume_spec *spec)
{
	const char *fs = spec->fs ? spec->fs : "ext4";
	auto_free char *what = text_of("make volume '%s:%s'", v->storage->id, v->name);
	auto_free char *path = NULL;
	int r = volume_where(v, NULL, &path);

	if (r < 0)
		return r;
	if (strcmp(fs, "ext4") == 0)
		return make_ext4(path, spec, storage_flag(v->storage, "shared"), what);
	if (strcmp(fs, "xfs") == 0)
		return make_xfs(path, spec, what);
	return refuse(-EINVAL, "%s: '%s' is no file system for it; take ext4 or xfs", what, fs);
}
