// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct destroy: remove a container and all its files, finished or not.
 *
 * The conf goes last: whatever interrupts this, it can be said again.
 */
#include <dirent.h>
#include <fcntl.h>

#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/end.h"
#include "pct/ct/host.h"
#include "pct/net/net.h"
#include "pct/paths.h"
#include "pct/root/tree.h"

static int check(unsigned vmid, const struct config *c)
{
	const char *lock = config_get(c, "lock");

	if (key_bool(c, "protection"))
		return refuse(-EPERM, "CT %u is protected; 'pct set %u --protection 0' first", vmid,
			      vmid);
	if (lock && (strcmp(lock, "create") == 0 || strcmp(lock, "destroyed") == 0))
		return 0;
	return conf_check_lock(vmid, c, "destroy");
}

/* Not found is as good as removed. */
static int end_it(const struct args *a)
{
	auto_running c = RUNNING_NONE;

	if (ct_find(a->vmid, &c) < 0)
		return 0;
	if (!args_bool(a, "force"))
		return refuse(-EBUSY,
			      "CT %u runs; 'pct stop %u' first, or 'pct destroy %u --force'",
			      a->vmid, a->vmid, a->vmid);
	return ct_kill(a->vmid, &c);
}

static int mark(unsigned vmid, struct config *c)
{
	int r = config_set(c, "lock", "destroyed");

	return r < 0 ? fail(r, "lock CT %u", vmid) : conf_save(vmid, c);
}

static void close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* NULL: not there, or no directory but a link to one. */
static DIR *open_directory(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir)
		(void)take_fd(&fd);
	return dir;
}

/* A link in its place is removed, and nothing behind it. */
static int remove_volume(const char *path)
{
	return unlink(path) == 0 || errno == ENOENT ? 0 : tree_remove(path);
}

/* What the conf names, which may be anything: only a volume of this VMID is removed. */
static int remove_rootfs(unsigned vmid, const struct config *c, const char *dir)
{
	CLEANUP(close_directory) DIR *real = open_directory(dir);
	auto_free char *path = NULL;
	const char *volume = config_get(c, "rootfs");
	unsigned owner;

	if (!volume)
		return 0;
	if (volume_path(volume, &path, &owner) < 0)
		warn(0, "the rootfs of CT %u, '%s', is on no storage pct knows: it is kept", vmid,
		     volume);
	else if (owner != vmid)
		warn(0, "the rootfs of CT %u belongs to CT %u: it is kept", vmid, owner);
	else if (real)
		return remove_volume(path);
	return 0;
}

/* All that create makes there, by its name: the conf may have forgotten it. */
static int remove_volumes(unsigned vmid, const char *dir)
{
	CLEANUP(close_directory) DIR *names = open_directory(dir);
	struct dirent *e;
	int r = 0;

	while (r == 0 && names && (e = readdir(names))) {
		auto_free char *path = text_of("%s/%s", dir, e->d_name);

		if (volume_is_of(e->d_name, vmid))
			r = remove_volume(path);
	}
	if (r == 0 && rmdir(dir) < 0 && errno != ENOENT)
		warn(0,
		     "'%s' has more in it than pct put there: it is kept; move or remove it "
		     "before you create another CT %u",
		     dir, vmid);
	return r;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", a->vmid);
	auto_free char *images = path_to("var/lib/pct/images/%u", a->vmid);
	auto_free unsigned *others = NULL;
	auto_lock lock = LOCK_NONE;
	size_t n = 1;
	int r;

	r = lock_take(a->vmid, 10, &lock);
	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r == 0)
		r = check(a->vmid, &c);
	if (r == 0)
		r = end_it(a);
	if (r == 0)
		r = mark(a->vmid, &c);
	if (r == 0)
		r = remove_rootfs(a->vmid, &c, images);
	if (r == 0)
		r = remove_volumes(a->vmid, images);
	if (r == 0)
		r = tree_remove(dir);
	if (r < 0)
		return r;
	cgroups_clean(a->vmid);
	net_forget(a->vmid);
	r = conf_remove(a->vmid);
	if (r == 0 && conf_list(&others, &n) == 0 && n == 0)
		cgroups_clean_top();
	return r;
}

static const struct option options[] = {
	{ "destroy-unreferenced-disks", OPTION_BOOL,
	  .help = "for Proxmox' sake: no volume of it is left in any case" },
	{ "force", OPTION_BOOL, .help = "stop it first if it runs" },
	{ "purge", OPTION_BOOL,
	  .help = "for Proxmox' sake: there are no jobs here that could name it" },
};

const struct command cmd_destroy = {
	.name = "destroy",
	.args = "<vmid>",
	.help = "Remove a container and all its files",
	.more = "What is on no storage pct knows, or is not its own, is kept and named.\n",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
