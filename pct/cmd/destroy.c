// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct destroy: remove a container and all its files, finished or not.
 *
 * The conf goes last: whatever interrupts this, it can be said again.
 */
#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/end.h"
#include "pct/ct/host.h"
#include "pct/ct/volumes.h"
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

/* Before anything is removed: are others clones of it? */
static int check_volumes(unsigned vmid, const struct config *c)
{
	struct ct_volume *all = NULL;
	size_t n = 0;
	int r = 0;

	if (!key_bool(c, "template") || ct_volumes_read(vmid, c->sections, &all, &n) < 0)
		return 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct storage *s = all[i].v.storage;

		if (s->driver->may_free)
			r = s->driver->may_free(s, all[i].v.name);
	}
	ct_volumes_free(all, n);
	return r;
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

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", a->vmid);
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
		r = check_volumes(a->vmid, &c);
	if (r == 0)
		r = end_it(a);
	if (r == 0)
		r = mark(a->vmid, &c);
	if (r == 0)
		r = ct_volumes_remove(
		    a->vmid, &c,
		    (args_bool(a, "destroy-unreferenced-disks") ? VOLUMES_UNNAMED : 0) |
			(args_bool(a, "force") ? VOLUMES_REACHABLE : 0));
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
	  .help = "also its volumes on storages that its conf does not name" },
	{ "force", OPTION_BOOL,
	  .help = "stop it first if it runs; keep what lies on a storage that is gone" },
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
