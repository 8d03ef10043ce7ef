// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/backup/restore.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/say.h"
#include "pct/backup/conf.h"
#include "pct/backup/guard.h"
#include "pct/backup/restore-conf.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/ct/start.h"
#include "pct/ct/volumes.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/root/template.h"
#include "pct/root/tree.h"
#include "pct/root/unpack.h"
#include "pct/snap/template.h"
#include "pct/snap/volumes.h"
#include "pct/step.h"

struct work {
	const struct args *a;
	unsigned vmid;
	bool over;	   /* there was one of that VMID */
	struct config old; /* of that, as it was */
	struct config now; /* as the file has it meanwhile: names all there is, and has a lock */
	struct config c;   /* what it is to be */
	const struct extract *x;
	struct progress bar;
};

static void work_free(struct work *w)
{
	config_free(&w->old);
	config_free(&w->now);
	config_free(&w->c);
}

static int set_lock(struct config *c, const char *lock)
{
	int r = config_set(c, "lock", lock);

	return r < 0 ? fail(r, "lock it") : 0;
}

/* Of a VMID that is free, or whose container may go. */
static int check_there(struct work *w)
{
	const char *lock;
	int r;

	if (!conf_exists(w->vmid))
		return 0;
	r = conf_load(w->vmid, &w->old);
	if (r < 0)
		return r;
	lock = config_get(&w->old, "lock");
	if (lock && strcmp(lock, "create") == 0)
		return refuse(-EEXIST,
			      "CT %u is there, but was never finished: 'pct destroy %u' removes "
			      "it, then restore it again",
			      w->vmid, w->vmid);
	if (lock && strcmp(lock, "disk") == 0)
		return refuse(
		    -EBUSY,
		    "CT %u is locked (disk): if nothing works on it any more, 'pct unlock "
		    "%u' first",
		    w->vmid, w->vmid);
	if (!args_bool(w->a, "force"))
		return refuse(-EEXIST,
			      "CT %u already exists; take another VMID, or --force to have it "
			      "replaced by its backup",
			      w->vmid);
	if (key_bool(&w->old, "protection"))
		return refuse(-EPERM, "CT %u is protected: it is not replaced", w->vmid);
	if (ct_running(w->vmid))
		return refuse(-EBUSY, "CT %u runs; 'pct stop %u' before it is replaced", w->vmid,
			      w->vmid);
	if (w->old.n > 1)
		return refuse(-EBUSY,
			      "CT %u has snapshots or pending changes, which would be lost; "
			      "remove them before it is replaced",
			      w->vmid);
	w->over = true;
	return conf_check_lock(w->vmid, &w->old, "replace");
}

/* A volume is named by the file as soon as it is there: by its own key, or as an unused one. */
static int name_volume(struct work *w, const char *key, const char *value)
{
	auto_volume v = VOLUME_NONE;
	int r = config_set(&w->c, key, value);

	if (r < 0)
		return fail(r, "set '%s'", key);
	if (!w->over) {
		r = config_set(&w->now, key, value);
		return r < 0 ? fail(r, "set '%s'", key) : conf_save(w->vmid, &w->now);
	}
	r = volume_find(w->vmid, key, value, &v);
	if (r == 0)
		r = ct_volume_unused(w->vmid, &w->now, &v);
	return r < 0 ? r : conf_save(w->vmid, &w->now);
}

static int make_volume(struct work *w, const char *key)
{
	const char *value = config_get(&w->c, key);
	auto_free char *made = NULL;
	int r;

	if (!value || !ct_volume_asked(key, value))
		return 0;
	r = ct_volume_make(w->vmid, &w->c, key, value, args_value(w->a, "storage"), &made);
	return r < 0 ? r : name_volume(w, key, made);
}

static int make_volumes(struct work *w)
{
	int r = make_volume(w, "rootfs");

	for (unsigned i = 0; r == 0 && i < key_find("mp0")->option.count; i++) {
		char key[OPTION_NAME];

		snprintf(key, sizeof(key), "mp%u", i);
		r = make_volume(w, key);
	}
	return r;
}

/* ---- unpacked ---- */

static int open_beneath(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* What a backup has beside the container's files. */
static void remove_conf(int root)
{
	static const char *const files[] = { "pct.conf", "pct.fw", "fw.conf" };
	auto_fd etc = open_beneath(root, "etc");
	auto_fd dir = etc < 0 ? -EBADF : open_beneath(etc, "vzdump");
	struct stat was;
	bool known = etc >= 0 && fstat(etc, &was) == 0;

	for (size_t i = 0; dir >= 0 && i < ARRAY_LEN(files); i++)
		(void)unlinkat(dir, files[i], 0);
	/* no step: without it there is a file more in the container, which is of no use */
	if (etc >= 0)
		(void)unlinkat(etc, "vzdump", AT_REMOVEDIR);
	/* It has the time it had when it was packed. */
	if (known)
		(void)utimensat(root, "etc", (struct timespec[]){ was.st_atim, was.st_mtim },
				AT_SYMLINK_NOFOLLOW);
}

static int unpack_all(struct work *w, struct extract *x)
{
	auto_fd root = -EBADF;
	int r = ct_volumes_mount(w->vmid, &w->c, w->c.sections, NULL, 0, &root);

	if (r == 0) {
		const struct target t = {
			.root = root,
			.shift = volume_shift(root),
			.unprivileged = key_bool(&w->c, "unprivileged"),
			.hostname = config_get(&w->c, "hostname"),
			.names = true,
			.progress = &w->bar,
		};

		r = unpack(x->name, x->fd, &t);
	}
	if (r == 0)
		r = extract_end(x);
	if (r == 0) {
		remove_conf(root);
		if (syncfs(root) < 0)
			r = fail(-errno, "write the files of CT %u to the disk", w->vmid);
	}
	close_fd(&root);
	return ct_volumes_leave() < 0 && r == 0 ? -EIO : r;
}

/* ---- one in another's place ---- */

/* Where it was in the old one; NULL: nowhere. */
static char *place_of(const struct entry *e)
{
	auto_properties p = { 0 };
	const char *path;

	if (strcmp(e->key, "rootfs") == 0)
		return text_of("/");
	if (!is_volume_key(e->key) || properties_read(&key_find(e->key)->option, e->value, &p) < 0)
		return NULL;
	path = properties_get(&p, "mp");
	return path ? text_of("%s", path) : NULL;
}

/* What the archive has nothing of is the only one there is. */
static int keep_what_is_not_in(struct work *w)
{
	CLEANUP(config_free) struct config archived = { 0 };
	const struct section *s = w->old.sections;
	int r = restore_archived(w->x, &archived);

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		const struct entry *e = &s->entries[i];
		auto_free char *place = NULL;
		auto_volume v = VOLUME_NONE;

		if (!e->key || !ct_volume_key(e->key) || !volume_is_one(e->value))
			continue;
		if (volume_peek(e->value, &v) < 0) {
			warn(0, "CT %u: its %s, '%.*s', is on no storage pct knows: it is kept",
			     w->vmid, e->key, (int)strcspn(e->value, ","), e->value);
			continue;
		}
		place = place_of(e);
		if ((place && restore_holds(&archived, place)) || v.owner != w->vmid ||
		    ct_volume_named(&w->c, &v, NULL))
			continue;
		info("CT %u: its %s is not in the archive: '%s:%s' is kept as an unused volume",
		     w->vmid, e->key, v.storage->id, v.name);
		r = ct_volume_unused(w->vmid, &w->c, &v);
	}
	return r;
}

/* Those that the old one had are the new one's, unused, until they are freed. */
static int keep_old(struct work *w, struct config *c)
{
	const struct section *s = w->old.sections;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n; i++) {
		auto_volume v = VOLUME_NONE;

		if (!s->entries[i].key || !ct_volume_key(s->entries[i].key) ||
		    volume_read(s->entries[i].value, &v) < 0)
			continue;
		r = ct_volume_unused(w->vmid, c, &v);
	}
	return r;
}

static int free_old(struct work *w, struct config *c)
{
	const struct section *s = w->old.sections;

	for (size_t i = 0; i < s->n; i++) {
		auto_volume v = VOLUME_NONE;

		if (!s->entries[i].key || !ct_volume_key(s->entries[i].key) ||
		    volume_read(s->entries[i].value, &v) < 0 || v.owner != w->vmid ||
		    ct_volume_named(&w->c, &v, NULL))
			continue;
		if (volume_free(&v) < 0)
			return refuse(
			    -EBUSY,
			    "CT %u is restored, but '%s' of the one it replaces is left as "
			    "an unused volume",
			    w->vmid, v.name);
	}
	(void)c;
	return 0;
}

static int replace(struct work *w)
{
	CLEANUP(config_free) struct config c = { 0 };
	int r = keep_what_is_not_in(w);

	if (r < 0)
		return r;
	r = config_copy(&w->c, &c);
	if (r < 0)
		return fail(r, "make the config of CT %u", w->vmid);
	r = keep_old(w, &c);
	if (r == 0)
		r = set_lock(&c, "disk");
	if (r == 0)
		r = conf_save(w->vmid, &c);
	if (r < 0)
		return r;
	r = free_old(w, &c);
	if (r == 0)
		return conf_save(w->vmid, &w->c);
	config_unset(&c, "lock");
	return conf_save(w->vmid, &c);
}

/* ---- */

/* As it was before, as far as there was something. */
static void undo(struct work *w, int why)
{
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", w->vmid);

	if (why == -EINTR)
		say(SAY_ERR, 0, "restore CT %u: interrupted, %s", w->vmid,
		    w->over ? "it is as it was" : "nothing is left of it");
	if (!w->over) {
		if (ct_volumes_remove(w->vmid, &w->now, false) < 0 || tree_remove(dir) < 0 ||
		    conf_remove(w->vmid) < 0)
			say(SAY_ERR, 0, "something is left of CT %u; 'pct destroy %u' removes it",
			    w->vmid, w->vmid);
		return;
	}
	/* Those that were made are named by what it was to be. */
	for (size_t i = 0; i < w->c.sections->n; i++) {
		const struct entry *e = &w->c.sections->entries[i];
		auto_volume v = VOLUME_NONE;

		if (e->key && is_volume_key(e->key) && !ct_volume_asked(e->key, e->value) &&
		    volume_read(e->value, &v) == 0 && v.owner == w->vmid &&
		    !ct_volume_named(&w->old, &v, NULL))
			(void)volume_free(&v);
	}
	/* What was freed on a full disk is room only once that is written down: btrfs. */
	if (why == -ENOSPC || why == -EDQUOT)
		sync();
	(void)conf_save(w->vmid, &w->old);
}

static int begin(struct work *w)
{
	int r = w->over ? config_copy(&w->old, &w->now) : config_copy(&w->c, &w->now);

	if (r < 0)
		return fail(r, "make the config of CT %u", w->vmid);
	r = set_lock(&w->now, w->over ? "disk" : "create");
	if (r == 0 && key_bool(&w->c, "unprivileged")) {
		auto_free char *path = ct_rootfs_path(w->vmid);

		r = start_reachable(w->vmid, path);
	}
	return r < 0 ? r : conf_save(w->vmid, &w->now);
}

static int make(struct work *w, struct extract *x)
{
	int r = begin(w);

	if (r < 0)
		return r;
	w->x = x;
	r = make_volumes(w);
	if (r == 0)
		r = unpack_all(w, x);
	if (r == 0 && interrupted())
		r = -EINTR;
	if (r == 0)
		r = step("restore: it is whole");
	if (r == 0)
		r = w->over ? replace(w) : conf_save(w->vmid, &w->c);
	if (r < 0)
		undo(w, r);
	return r;
}

/* What it was a backup of; only once it is whole, as nothing can be written to it then. */
static int make_template(struct work *w)
{
	CLEANUP(config_free) struct config archived = { 0 };
	int r = restore_archived(w->x, &archived);

	if (r < 0 || !key_bool(&archived, "template"))
		return r;
	info("CT %u: its backup is of a template: it is made one again", w->vmid);
	r = template_make(w->vmid, &w->c);
	if (r < 0)
		say(SAY_ERR, 0,
		    "CT %u is restored, but is no template yet: 'pct template %u' makes it one",
		    w->vmid, w->vmid);
	return r;
}

int restore(const struct args *a)
{
	CLEANUP(work_free) struct work w = { .a = a, .vmid = a->vmid, .bar = progress_of(a) };
	auto_extract x = EXTRACT_NONE;
	auto_lock lock = LOCK_NONE;
	int r;

	interrupt_catch();
	r = extract_open(a->argv[0], args_value(a, "repository"), &x);
	if (r == 0)
		r = lock_take(a->vmid, 5, &lock);
	if (r == 0)
		r = check_there(&w);
	if (r == 0)
		r = restore_conf(a, &x, &w.c);
	if (r == 0)
		r = make(&w, &x);
	if (r == 0)
		r = make_template(&w);
	if (r < 0)
		return r;
	lock_release(&lock);
	return args_bool(a, "start") ? guard_start(a->vmid) : 0;
}
