// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct move-volume: a volume to another storage, or to another container.
 */
#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/disk/move.h"
#include "pct/interrupt.h"
#include "pct/paths.h"

/* What is asked for: words may stand for options. */
struct order {
	const char *key;
	const char *storage;	/* to that, */
	const char *target_key; /* or to this of the target; NULL: the same key */
	unsigned target;
};

static bool is_unused(const char *key)
{
	const struct key *k = key_find(key);

	return k && strcmp(k->option.name, "unused") == 0;
}

static int read_order(const struct args *a, struct order *o)
{
	const char *target = args_value(a, "target-vmid");
	int i = 1;

	o->key = a->argv[0];
	if (form_disk(o->key) && !is_unused(o->key))
		return refuse(EXIT_USAGE,
			      "move-volume: '%s' should be 'rootfs', or as 'mp0', "
			      "'unused0'",
			      o->key);
	o->storage = args_value(a, "storage");
	o->target_key = args_value(a, "target-volume");
	/* No storage's name is a number. */
	if (i < a->argc && !vmid_parse(a->argv[i], &o->target) && !o->storage)
		o->storage = a->argv[i++];
	if (i < a->argc && !target)
		target = a->argv[i++];
	if (i < a->argc && !o->target_key)
		o->target_key = a->argv[i++];
	o->target = 0;
	if (i < a->argc || (target && !vmid_parse(target, &o->target)) || !o->storage == !target)
		return refuse(
		    EXIT_USAGE,
		    "move-volume: give either a storage or the VMID of another container");
	return 0;
}

/* ---- to another storage ---- */

static int check_still(unsigned vmid, const char *key)
{
	if (is_unused(key) || !ct_running(vmid))
		return 0;
	return refuse(-EBUSY, "CT %u runs; 'pct stop %u' first: its %s is in use", vmid, vmid, key);
}

static int to_storage(const struct args *a, const struct order *o, struct config *c)
{
	struct progress p = progress_of(a);
	const char *limit = args_value(a, "bwlimit");
	const struct storage *to;
	auto_disk d = DISK_NONE;
	bool remove = args_bool(a, "delete");
	int r = disk_find_own(a->vmid, c, o->key, &d);

	if (r == 0)
		r = storage_get(o->storage, &to);
	if (r < 0)
		return r;
	if (limit)
		p.limit = strtoull(limit, NULL, 10) << 10;
	if (to == d.volume.storage)
		return refuse(-EEXIST, "CT %u: its %s is on storage '%s' already", a->vmid, o->key,
			      to->id);
	if (remove && disk_in_snapshot(c, &d))
		return refuse(-EBUSY,
			      "CT %u: a snapshot has its %s: without --delete the old volume is "
			      "kept for it",
			      a->vmid, o->key);
	interrupt_catch();
	return disk_move(a->vmid, c, &d, to, remove, &p);
}

/* ---- to another container ---- */

static int check_target(const struct args *a, const struct order *o, const struct config *c,
			const struct config *to, const struct disk *d)
{
	const char *key = o->target_key ? o->target_key : o->key;
	struct volume_info is;

	if (strcmp(o->key, "rootfs") == 0 || strcmp(key, "rootfs") == 0)
		return refuse(-EINVAL,
			      "move-volume: a rootfs stays with its container; 'pct clone' "
			      "makes another one");
	if (!key_find(key) || (form_disk(key) && !is_unused(key)))
		return refuse(EXIT_USAGE, "move-volume: '%s' should be as 'mp0' or 'unused0'", key);
	if (is_unused(o->key) != is_unused(key))
		return refuse(-EINVAL,
			      "move-volume: an unused volume becomes an unused one, and a mount "
			      "point a mount point");
	if (config_get(to, key))
		return refuse(-EEXIST, "CT %u has a %s already; give another --target-volume",
			      o->target, key);
	if (key_bool(c, "template") || key_bool(to, "template") ||
	    (volume_info(&d->volume, &is) == 0 && is.base))
		return refuse(-EPERM, "move-volume: volumes of templates stay as they are");
	if (disk_in_snapshot(c, d))
		return refuse(-EBUSY, "CT %u: a snapshot has its %s; 'pct delsnapshot' first",
			      a->vmid, o->key);
	if (key_bool(c, "unprivileged") != key_bool(to, "unprivileged"))
		warn(0, "CT %u and CT %u have other ids: the owners of its files may be others",
		     a->vmid, o->target);
	return 0;
}

static int mark(unsigned vmid, struct config *c)
{
	int r = config_set(c, "lock", "disk");

	return r < 0 ? fail(r, "lock CT %u", vmid) : conf_save(vmid, c);
}

static int unmark(unsigned vmid, struct config *c)
{
	config_unset(c, "lock");
	return conf_save(vmid, c);
}

/*
 * Off the one, renamed, onto the other: in between nobody names it, and 'pct rescan' finds it.
 * Never does a conf name what is not there.
 */
static int hand_over(const struct args *a, const struct order *o, struct config *c,
		     struct config *to, struct disk *d)
{
	const struct storage *s = d->volume.storage;
	auto_free char *renamed = NULL, *id = NULL, *was = text_of("%s", config_get(c, o->key));
	int r = mark(o->target, to);

	config_unset(c, o->key);
	if (r == 0)
		r = mark(a->vmid, c);
	if (r == 0)
		r = s->driver->rename(s, d->volume.name, o->target, false, &renamed);
	if (r < 0) {
		(void)config_set(c, o->key, was);
		(void)unmark(a->vmid, c);
		(void)unmark(o->target, to);
		return r;
	}
	id = text_of("%s:%s", s->id, renamed);
	r = properties_set(&d->is, "volume", id);
	if (o->target_key)
		snprintf(d->key, sizeof(d->key), "%s", o->target_key);
	if (r == 0 && is_unused(d->key))
		r = config_set(to, d->key, id);
	else if (r == 0)
		r = disk_write(o->target, to, d);
	if (r == 0)
		r = unmark(o->target, to);
	return r < 0 ? r : unmark(a->vmid, c);
}

static int to_container(const struct args *a, const struct order *o, struct config *c)
{
	CLEANUP(config_free) struct config to = { 0 };
	auto_disk d = DISK_NONE;
	int r = conf_load(o->target, &to);

	if (r == 0)
		r = conf_check_lock(o->target, &to, "move-volume");
	if (r == 0)
		r = conf_check_digest(o->target, args_value(a, "target-digest"));
	if (r == 0)
		r = disk_find_own(a->vmid, c, o->key, &d);
	if (r == 0)
		r = check_target(a, o, c, &to, &d);
	if (r == 0 && !is_unused(o->key) && ct_running(o->target))
		r = refuse(-EBUSY, "CT %u runs; 'pct stop %u' first", o->target, o->target);
	return r == 0 ? hand_over(a, o, c, &to, &d) : r;
}

/* ---- ---- */

/* Always in the same order, so that two that move to each other do not wait for each other. */
static int lock_both(unsigned one, unsigned other, struct lock *first, struct lock *second)
{
	int r = lock_take(other && other < one ? other : one, 10, first);

	return r == 0 && other ? lock_take(other < one ? one : other, 10, second) : r;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock first = LOCK_NONE, second = LOCK_NONE;
	struct order o = { 0 };
	int r = read_order(a, &o);

	if (r != 0)
		return r;
	if (o.target == a->vmid)
		return refuse(EXIT_USAGE, "move-volume: CT %u is the container itself", a->vmid);
	r = lock_both(a->vmid, o.target, &first, &second);
	if (r == 0)
		r = conf_load(a->vmid, &c);
	if (r == 0)
		r = conf_check_lock(a->vmid, &c, "move-volume");
	if (r == 0)
		r = conf_check_digest(a->vmid, args_value(a, "digest"));
	if (r == 0 && key_bool(&c, "protection"))
		r = refuse(-EPERM, "CT %u is protected; 'pct set %u --protection 0' first", a->vmid,
			   a->vmid);
	if (r == 0)
		r = check_still(a->vmid, o.key);
	if (r < 0)
		return r;
	return o.target ? to_container(a, &o, &c) : to_storage(a, &o, &c);
}

static const struct option options[] = {
	{ "bwlimit", OPTION_INT, .min = 0, .max = 1ll << 40, .value = "<KiB/s>",
	  .help = "no faster than that" },
	{ "delete", OPTION_BOOL, .help = "remove the old volume, which else is an unused one" },
	{ "digest", OPTION_TEXT, .min = 40, .max = 40, .value = "<sha1>",
	  .help = "only if the config file still has this digest" },
	{ "storage", OPTION_TEXT, .min = 1, .max = 100, .value = "<storage>",
	  .help = "where it goes" },
	{ "target-digest", OPTION_TEXT, .min = 40, .max = 40, .value = "<sha1>",
	  .help = "likewise of the other container's" },
	{ "target-vmid", OPTION_TEXT, .min = 3, .max = 9, .value = "<vmid>",
	  .help = "whose it is to be" },
	{ "target-volume", OPTION_TEXT, .min = 1, .max = 16, .value = "mp<n>|unused<n>",
	  .help = "what it is there; the same if not given" },
};

#define MOVE_VOLUME                                                                                \
	.args = "<vmid> <disk> [<storage|vmid>] [<disk>]",                                         \
	.help = "Move a volume to another storage, or to another container",                       \
	.more =                                                                                    \
	    "The container must not run. To another storage it is copied, and the old volume "     \
	    "kept as unused0 or the like, unless --delete. To another container it is renamed "    \
	    "on its storage.\n",                                                                   \
	.min_args = 2, .max_args = 4, .vmid = true, .prints = true, .needs_root = true,            \
	.options = options, .n_options = ARRAY_LEN(options), .run = run

const struct command cmd_move_volume = { .name = "move-volume", MOVE_VOLUME };
/* As Proxmox called it first. */
const struct command cmd_move_volume_old = { .name = "move_volume", .hidden = true, MOVE_VOLUME };
