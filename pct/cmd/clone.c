// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct clone: a container once more, under another VMID, as it is or as it was at a snapshot.
 *
 * The new conf comes first, with `lock: create`, and loses that lock last. It asks for each volume
 * until it names it, so that 'pct destroy' knows on which storages something may be left by one
 * that was killed. The other container is not changed; its lock is held meanwhile.
 */
#include "pct/snap/clone.h"
#include "pct/cli/args.h"
#include "pct/cli/property.h"
#include "pct/conf/forms.h"
#include "pct/conf/keys.h"
#include "pct/ct/lxc.h"
#include "pct/ct/vacant.h"
#include "pct/interrupt.h"
#include "pct/paths.h"
#include "pct/snap/snap.h"
#include "pct/snap/still.h"

struct job {
	const struct args *a;
	unsigned from, to;
	struct config config; /* of the one that is there */
	const struct section *then;
	struct named_volumes volumes;
	struct cloning how;
	struct progress progress;
	bool running;
	struct config made;
};

static void job_done(struct job *j)
{
	config_free(&j->config);
	config_free(&j->made);
	named_volumes_free(&j->volumes);
}

/* ---- what is asked for ---- */

static int choose(struct job *j)
{
	const char *full = args_value(j->a, "full"), *storage = args_value(j->a, "storage");
	bool template = key_bool(&j->config, "template");
	int r = storage ? storage_get(storage, &j->how.to) : 0;

	if (r < 0)
		return r;
	j->how.full = full ? args_bool(j->a, "full") : !template || storage;
	if (storage && !j->how.full)
		return refuse(EXIT_USAGE, "clone: a linked clone is where the other is: leave out "
					  "--storage, or give --full");
	j->how.vmid = j->to;
	j->how.snapshot = args_value(j->a, "snapname");
	j->how.progress = &j->progress;
	return 0;
}

/* Linked if it may be and can be, where nothing was said. */
static void choose_linked(struct job *j)
{
	if (args_value(j->a, "full") || j->how.full)
		return;
	for (size_t i = 0; i < j->volumes.n; i++) {
		const struct volume *v = &j->volumes.all[i].v;

		if (clone_links(v, &j->how))
			continue;
		info("CT %u: storage '%s' of type '%s' has no linked clones: it is a full one",
		     j->to, v->storage->id, v->storage->type);
		j->how.full = true;
		return;
	}
}

/* What is copied file by file must stand still longer than one would bear. */
static int check_running(const struct job *j)
{
	for (size_t i = 0; i < j->volumes.n; i++)
		if (j->running && !j->how.snapshot && clone_copies(&j->volumes.all[i].v, &j->how))
			return refuse(-EBUSY,
				      "CT %u runs, and its %s can only be copied while it does "
				      "not: 'pct stop %u' first, or take a snapshot and clone that "
				      "(--snapname)",
				      j->from, j->volumes.all[i].key, j->from);
	return 0;
}

static int look(struct job *j)
{
	const char *name = args_value(j->a, "snapname");
	int r = conf_load(j->from, &j->config);

	if (r == 0)
		r = snap_mend(j->from, &j->config);
	if (r >= 0)
		r = conf_check_lock(j->from, &j->config, "clone");
	if (r < 0)
		return r;
	j->then = name ? snap_find(&j->config, name) : j->config.sections;
	if (!j->then || (name && section_find(j->then, "snapstate")))
		return refuse(
		    -ENOENT, "CT %u has no snapshot '%s'; 'pct listsnapshot %u' shows those it has",
		    j->from, name, j->from);
	j->running = ct_running(j->from);
	r = choose(j);
	if (r == 0)
		r = named_volumes(j->from, j->then, NULL, &j->volumes);
	if (r != 0)
		return r;
	choose_linked(j);
	return check_running(j);
}

/* ---- its conf ---- */

/* A network interface like it, with an address of its own. */
static char *other_mac(const char *key, const char *value)
{
	auto_properties p = { 0 };
	auto_free char *without = NULL;

	if (properties_read(&key_find(key)->option, value, &p) < 0)
		return strdup(value);
	if (properties_set(&p, "hwaddr", NULL) < 0)
		return NULL;
	without = properties_write(&p);
	return without ? key_complete(key, NULL, without) : NULL;
}

static bool is_not_taken(const struct entry *e)
{
	static const char *const keys_of_its_own[] = { "lock",	    "parent",	"snaptime",
						       "snapstate", "template", "unused" };
	const struct key *k = e->key ? key_find(e->key) : NULL;

	for (size_t i = 0; k && i < ARRAY_LEN(keys_of_its_own); i++)
		if (strcmp(k->option.name, keys_of_its_own[i]) == 0)
			return true;
	return !e->key || (is_volume_key(e->key) && volume_is_one(e->value));
}

static int take_entry(struct job *j, const struct entry *e)
{
	const struct key *k = key_find(e->key);
	auto_free char *value = NULL;

	if (k && strcmp(k->option.name, "net") == 0)
		value = other_mac(e->key, e->value);
	else
		value = strdup(e->value);
	if (is_volume_key(e->key))
		info("CT %u: %s is '%.*s' of the host, as in CT %u", j->to, e->key,
		     (int)strcspn(e->value, ","), e->value, j->from);
	return value ? section_add(j->made.sections, e->key, value) : -ENOMEM;
}

/* "CT100" is no name anybody gave. */
static int name_it(struct job *j)
{
	auto_free char *theirs = text_of("CT%u", j->from), *ours = text_of("CT%u", j->to);
	const char *given = args_value(j->a, "hostname"), *was = config_get(&j->made, "hostname");

	if (given)
		return config_set(&j->made, "hostname", given);
	return !was || strcmp(was, theirs) == 0 ? config_set(&j->made, "hostname", ours) : 0;
}

/* As the other's, but for the volume itself: @id, or what asks for one. */
static int set_volume(struct job *j, const char *key, const char *id)
{
	auto_properties p = { 0 };
	auto_free char *value = NULL;
	int r = properties_read(&key_find(key)->option, section_get(j->then, key), &p);

	if (r == 0)
		r = properties_set(&p, "volume", id);
	if (r == 0)
		value = properties_write(&p);
	if (r == 0)
		r = value ? config_set(&j->made, key, value) : -ENOMEM;
	return r < 0 ? fail(r, "set '%s' to '%s'", key, id) : 0;
}

static int ask_for_volumes(struct job *j)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->volumes.n; i++) {
		const struct named_volume *v = &j->volumes.all[i];
		const struct storage *s = j->how.to ? j->how.to : v->v.storage;
		auto_free char *request = text_of("%s:0", s->id);

		r = set_volume(j, v->key, request);
	}
	return r;
}

static int make_config(struct job *j)
{
	const char *note = args_value(j->a, "description");
	int r = config_init(&j->made);

	if (!note)
		note = j->then->description;
	for (size_t i = 0; r == 0 && i < j->then->n; i++)
		if (!is_not_taken(&j->then->entries[i]))
			r = take_entry(j, &j->then->entries[i]);
	if (r == 0)
		r = name_it(j);
	if (r == 0 && note && *note)
		r = config_set(&j->made, "description", note);
	if (r == 0)
		r = ask_for_volumes(j);
	if (r == 0)
		r = config_set(&j->made, "lock", "create");
	return r < 0 ? fail(r, "make the config of CT %u", j->to) : 0;
}

/* ---- its volumes ---- */

static int clone_one(struct job *j, const struct named_volume *from)
{
	auto_volume v = VOLUME_NONE;
	auto_free char *id = NULL;
	int r = clone_volume(from, &j->how, &v);

	if (r < 0)
		return r;
	id = volume_id(&v);
	return set_volume(j, from->key, id);
}

/* All of them at one moment, if it runs. */
static int clone_all(struct job *j)
{
	auto_still still = STILL_NONE;
	bool now = j->running && !j->how.snapshot;
	int r = 0;

	if (now) {
		const struct still_place root[] = { { .path = "/" }, { .path = NULL } };

		(void)still_sync(j->from, root, 30);
		r = still_begin(j->from, &still);
	}
	for (size_t i = 0; r == 0 && i < j->volumes.n; i++) {
		r = clone_one(j, &j->volumes.all[i]);
		if (r == 0 && interrupted())
			r = -EINTR;
	}
	(void)still_end(&still);
	return r < 0 ? r : conf_save(j->to, &j->made);
}

static int forget_identity(const struct job *j)
{
	auto_free char *name = text_of("CT %u", j->to);
	const struct volume_how plain = VOLUME_PLAIN;
	const char *value = config_get(&j->made, "rootfs");
	auto_volume v = VOLUME_NONE;
	auto_fd root = -EBADF;
	int r = value ? volume_find(j->to, "rootfs", value, &v) : 0;

	if (r < 0 || !value)
		return r;
	r = volume_mount(&v, NULL, &plain, &root);
	if (r < 0)
		return r;
	clone_forget_identity(root, name);
	return 0;
}

static int make(struct job *j)
{
	int r = conf_save(j->to, &j->made);

	if (r == 0)
		r = clone_all(j);
	if (r == 0)
		r = forget_identity(j);
	if (r == 0) {
		config_unset(&j->made, "lock");
		r = conf_save(j->to, &j->made);
	}
	if (r < 0)
		vacate(j->to, &j->made, "clone", r);
	return r;
}

static int run(const struct args *a)
{
	CLEANUP(job_done) struct job j = { .a = a, .from = a->vmid, .progress = progress_of(a) };
	auto_lock from = LOCK_NONE, to = LOCK_NONE;
	int r;

	if (!vmid_parse(a->argv[0], &j.to))
		return refuse(EXIT_USAGE, "clone: '%s' is no VMID: give a number from %u to %u",
			      a->argv[0], VMID_MIN, VMID_MAX);
	if (j.to == j.from)
		return refuse(EXIT_USAGE,
			      "clone: CT %u cannot be a clone of itself: give another "
			      "VMID",
			      j.from);
	r = lock_take(j.from, 10, &from);
	if (r == 0)
		r = look(&j);
	if (r == 0)
		r = lock_take(j.to, 5, &to);
	if (r == 0)
		r = check_vacant(j.to);
	if (r == 0)
		r = make_config(&j);
	if (r != 0)
		return r;
	interrupt_catch();
	return make(&j);
}

static const struct option options[] = {
	{ "description", OPTION_LINES, .min = 0, .max = 8192,
	  .help = "its note; the other's if not given" },
	{ "full", OPTION_BOOL,
	  .help =
	      "with data of its own, not shared with the other; so if not said, but of templates" },
	{ "hostname", OPTION_TEXT, .min = 1, .max = 255, .form = form_hostname, .value = "<name>",
	  .help = "its host name" },
	{ "snapname", OPTION_TEXT, .min = 2, .max = 40, .form = form_snapshot,
	  .value = "<snapshot>", .help = "as the other was then" },
	{ "storage", OPTION_TEXT, .min = 2, .max = 100, .form = storage_id_wrong,
	  .help = "where its volumes are to be; where the other's are if not given" },
};

const struct command cmd_clone = {
	.name = "clone",
	.args = "<vmid> <newid>",
	.help = "Make another container like one that is there",
	.more =
	    "It has its own volumes, MAC addresses and machine id. A linked clone (--full 0; of a "
	    "template if not said) is there at once and shares what both have in common, where the "
	    "storage can. Directories and devices of the host are the same in both.\n",
	.min_args = 2,
	.max_args = 2,
	.vmid = true,
	.prints = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
