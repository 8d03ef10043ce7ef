// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct storage: where volumes may lie.
 */
#include "pct/cli/args.h"
#include "pct/cli/help.h"
#include "pct/cli/output.h"
#include "pct/cli/size.h"
#include "pct/conf/forms.h"
#include "pct/conf/store.h"
#include "pct/ct/volumes.h"
#include "pct/paths.h"
#include "pct/storage/driver.h"

#define TEXT(n) .min = 1, .max = (n)

static const char *form_content(const char *text)
{
	static const char *const words[] = { "rootdir", "images",   "vztmpl", "backup",
					     "iso",	"snippets", "import", "none" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], text) == 0)
			return NULL;
	return "a kind of content: rootdir, images, vztmpl, backup, iso, snippets, import, none";
}

static const char *form_node(const char *text)
{
	return form_hostname(text);
}

static const char *const file_systems[] = { "ext4", "xfs", NULL };

/* What any of the drivers takes, too: tests/check-pct-storage.c looks. */
static const struct option options[] = {
	{ "content", OPTION_LIST, .max = 256, .separators = ", ;", .form = form_content,
	  .value = "<kind,...>", .help = "what may lie there; rootdir: volumes of containers" },
	{ "disable", OPTION_BOOL, .help = "it is not used" },
	{ "force", OPTION_BOOL, .help = "remove it although containers have volumes there" },
	{ "fs", OPTION_WORD, .words = file_systems,
	  .help = "dir, btrfs, overlay: the file system of new images; ext4 if not given" },
	{ "is_mountpoint", OPTION_TEXT, TEXT(1024), .value = "yes|<path>",
	  .help = "a file system has to be mounted there for it to be used" },
	{ "mountpoint", OPTION_TEXT, TEXT(1024), .form = form_place, .value = "<directory>",
	  .help = "zfspool: kept for Proxmox" },
	{ "nodes", OPTION_LIST, .max = 1024, .separators = ", ;", .form = form_node,
	  .value = "<host,...>", .help = "kept for Proxmox, nothing here" },
	{ "path", OPTION_TEXT, TEXT(1024), .form = form_place, .value = "<directory>",
	  .help = "dir, btrfs, overlay: where it lies" },
	{ "pool", OPTION_TEXT, TEXT(255), .value = "<dataset>", .help = "zfspool: the dataset" },
	{ "shared", OPTION_BOOL,
	  .help = "other hosts have it, too: one at a time mounts an ext4 of it" },
	{ "sparse", OPTION_BOOL, .help = "zfspool: kept for Proxmox" },
	{ "thinpool", OPTION_TEXT, TEXT(127), .value = "<pool>", .help = "lvmthin: the pool" },
	{ "type", OPTION_TEXT, TEXT(32), .value = "<type>",
	  .help = "dir, btrfs, overlay, lvmthin, zfspool" },
	{ "vgname", OPTION_TEXT, TEXT(127), .value = "<group>",
	  .help = "lvmthin: the volume group" },
};

static const char *const own[] = { "type", "force", "output-format" };
static const char *const common[] = { "content", "disable", "nodes", "shared" };

static bool is_in(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

bool storage_is_common(const char *name)
{
	return is_in(common, ARRAY_LEN(common), name);
}

/* ---- list, status ---- */

static const char *const feature_names[] = { "directories", "images",  "snapshots",
					     "clones",	    "resizes", "quota" };

static void add_text(json_object *o, const char *key, const char *value)
{
	if (value)
		json_object_object_add(o, key, json_object_new_string(value));
}

static void add_features(json_object *o, const struct storage *s)
{
	json_object *all = json_object_new_array();
	unsigned can = storage_features(s, NULL);

	for (size_t i = 0; i < ARRAY_LEN(feature_names); i++)
		if (can & 1u << i)
			json_object_array_add(all, json_object_new_string(feature_names[i]));
	json_object_object_add(o, "features", all);
}

static json_object *as_object(const struct storage *s)
{
	json_object *o = json_object_new_object();

	add_text(o, "storage", s->id);
	add_text(o, "type", s->type);
	for (size_t i = 0; i < s->n; i++)
		if (s->lines[i].key)
			add_text(o, s->lines[i].key, s->lines[i].value);
	return o;
}

/* Where it is: its path, its group, its pool. */
static const char *place_of(const struct storage *s)
{
	static const char *const places[] = { "path", "pool", "vgname", "export", "server" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (storage_option(s, places[i]))
			return storage_option(s, places[i]);
	return "";
}

#define LIST_ROW "%-16s %-10s %-24s %s\n"

static void show(const struct storage *s, json_object *rows)
{
	const char *content = storage_option(s, "content");
	json_object *o;

	if (!rows) {
		printf(LIST_ROW, s->id, s->type, content ? content : "", place_of(s));
		return;
	}
	o = as_object(s);
	if (s->driver)
		add_features(o, s);
	json_object_array_add(rows, o);
}

static const char *state_of(const struct storage *s, struct storage_usage *u)
{
	if (storage_flag(s, "disable"))
		return "disabled";
	if (!s->driver)
		return "unknown";
	/* One whose volume group or pool is gone has its programs still. */
	return s->driver->check(s) < 0 || s->driver->usage(s, u) < 0 ? "inactive" : "active";
}

#define STATUS_ROW "%-16s %-10s %-10s %10s %10s %10s %6s\n"

static void add_bytes(json_object *o, const char *key, uint64_t bytes)
{
	json_object_object_add(o, key, json_object_new_uint64(bytes));
}

static void show_status(const struct storage *s, json_object *rows)
{
	char total[SIZE_TEXT] = "", used[SIZE_TEXT] = "", free[SIZE_TEXT] = "", share[16] = "";
	struct storage_usage u = { 0 };
	const char *state = state_of(s, &u);
	bool known = strcmp(state, "active") == 0;
	json_object *o;

	if (rows) {
		o = json_object_new_object();
		add_text(o, "storage", s->id);
		add_text(o, "type", s->type);
		add_text(o, "status", state);
		if (known) {
			add_bytes(o, "total", u.total);
			add_bytes(o, "used", u.used);
			add_bytes(o, "available", u.available);
		}
		json_object_array_add(rows, o);
		return;
	}
	if (known) {
		size_short(u.total, total);
		size_short(u.used, used);
		size_short(u.available, free);
		snprintf(share, sizeof(share), "%.1f%%",
			 u.total ? 100.0 * (double)u.used / (double)u.total : 0.0);
	}
	printf(STATUS_ROW, s->id, s->type, state, total, used, free, share);
}

/* ---- the volumes of one ---- */

#define VOLUME_ROW "%-48s %-10s %10s %10s %10s\n"

struct listing {
	const struct storage *storage;
	json_object *rows;
};

static int show_volume(const struct volume_info *v, void *data)
{
	const struct listing *l = data;
	auto_free char *id = text_of("%s:%s", l->storage->id, v->name);
	auto_free char *vmid = text_of("%u", v->owner);
	const char *format = v->format == VOLUME_DIRECTORY ? "directory" : "image";
	char bytes[SIZE_TEXT] = "", used[SIZE_TEXT] = "";
	json_object *o;

	if (l->rows) {
		o = json_object_new_object();
		add_text(o, "volume", id);
		add_text(o, "format", format);
		json_object_object_add(o, "vmid", json_object_new_int64(v->owner));
		if (v->bytes)
			add_bytes(o, "size", v->bytes);
		if (v->used)
			add_bytes(o, "used", v->used);
		json_object_array_add(l->rows, o);
		return 0;
	}
	if (v->bytes)
		size_short(v->bytes, bytes);
	if (v->used)
		size_short(v->used, used);
	printf(VOLUME_ROW, id, format, vmid, bytes, used);
	return 0;
}

static int list_volumes(const struct args *a, const char *id)
{
	auto_output rows = args_json(a) ? json_object_new_array() : NULL;
	struct listing l = { .rows = rows };
	int r = storage_get(id, &l.storage);

	if (r < 0)
		return r;
	if (!rows)
		printf(VOLUME_ROW, "Volume", "Format", "VMID", "Size", "Used");
	r = l.storage->driver->list(l.storage, 0, show_volume, &l);
	if (r == 0 && rows)
		output_json(rows);
	return r;
}

static int list(const struct args *a, bool status)
{
	auto_output rows = args_json(a) ? json_object_new_array() : NULL;
	const struct storages *all;
	int r = storages_get(&all);

	if (r < 0)
		return r;
	if (!rows && status)
		printf(STATUS_ROW, "Name", "Type", "Status", "Total", "Used", "Free", "Use%");
	else if (!rows)
		printf(LIST_ROW, "Name", "Type", "Content", "Place");
	for (size_t i = 0; i < all->n; i++)
		if (all->all[i].id && status)
			show_status(&all->all[i], rows);
		else if (all->all[i].id)
			show(&all->all[i], rows);
	if (rows)
		output_json(rows);
	return 0;
}

/* ---- add, remove ---- */

static bool takes(const struct driver *d, const char *name)
{
	for (const struct option *o = d->options; o && o->name; o++)
		if (strcmp(o->name, name) == 0)
			return true;
	return is_in(common, ARRAY_LEN(common), name);
}

static const struct driver *driver_of(const char *type)
{
	const struct driver *d = type ? driver_find(type) : NULL;
	auto_free char *known = text_of("%s", "");

	if (d)
		return d;
	for (size_t i = 0; i < n_drivers; i++) {
		char *more = text_of("%s%s%s", known, i ? ", " : "", drivers[i]->type);

		free(known);
		known = more;
	}
	if (type)
		say(SAY_ERR, 0, "storage: there is no type '%s'; there are %s", type, known);
	else
		say(SAY_ERR, 0, "storage: 'add' needs --type, one of %s", known);
	return NULL;
}

static int check_given(const struct args *a, const struct driver *d)
{
	for (size_t i = 0; i < a->n_given; i++)
		if (!is_in(own, ARRAY_LEN(own), a->given[i].name) && !takes(d, a->given[i].name))
			return refuse(EXIT_USAGE, "storage: --%s is not for type '%s'",
				      a->given[i].name, d->type);
	for (const struct option *o = d->options; o && o->name; o++)
		if (o->required && !args_value(a, o->name))
			return refuse(EXIT_USAGE, "storage: type '%s' needs --%s", d->type,
				      o->name);
	return 0;
}

static int add_to(const struct args *a, const char *id, const struct driver *d,
		  struct storages *all)
{
	struct storage *s;
	int r = storages_add(all, id, d->type, &s);

	if (r == -EEXIST)
		return refuse(r, "storage '%s' is there already", id);
	for (size_t i = 0; r == 0 && i < a->n_given; i++)
		if (!is_in(own, ARRAY_LEN(own), a->given[i].name))
			r = storage_set(s, a->given[i].name, a->given[i].value);
	if (r < 0)
		return fail(r, "add storage '%s'", id);
	return storage_flag(s, "disable") ? 0 : d->check(s);
}

static int change(int (*work)(const struct args *a, const char *id, const struct driver *d,
			      struct storages *all),
		  const struct args *a, const char *id, const struct driver *d)
{
	auto_storages all = { 0 };
	auto_fd lock = -EBADF;
	int r = storages_lock(&lock);

	if (r == 0)
		r = storages_load(&all);
	if (r == 0)
		r = work(a, id, d, &all);
	return r != 0 ? r : storages_save(&all);
}

static int add(const struct args *a, const char *id)
{
	const struct driver *d = driver_of(args_value(a, "type"));
	int r = d ? check_given(a, d) : EXIT_USAGE;

	return r != 0 ? r : change(add_to, a, id, d);
}

static int check_unused(const char *id)
{
	auto_free unsigned *vmids = NULL;
	size_t n = 0;
	int r = conf_list(&vmids, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		CLEANUP(config_free) struct config c = { 0 };

		r = conf_load(vmids[i], &c);
		if (r == 0 && ct_volumes_mention(&c, id))
			r = refuse(-EBUSY,
				   "storage '%s' has volumes of CT %u: move or remove them first, "
				   "or --force",
				   id, vmids[i]);
	}
	return r;
}

static int remove_from(const struct args *a, const char *id, const struct driver *d,
		       struct storages *all)
{
	(void)d;
	if (!storages_find(all, id) && strcmp(id, "local") == 0)
		return refuse(-EPERM, "storage 'local' is there by itself; 'pct storage add local "
				      "...' makes it another one");
	if (!storages_find(all, id))
		return refuse(-ENOENT,
			      "there is no storage '%s'; 'pct storage list' shows those there are",
			      id);
	if (!args_bool(a, "force")) {
		int r = check_unused(id);

		if (r < 0)
			return r;
	}
	storages_remove(all, id);
	return 0;
}

static int run(const struct args *a)
{
	const char *what = a->argv[0], *id = a->argv[1];
	bool adds = strcmp(what, "add") == 0, removes = strcmp(what, "remove") == 0;

	for (size_t i = 0; !adds && i < a->n_given; i++)
		if (strcmp(a->given[i].name, "output-format") != 0 &&
		    !(removes && strcmp(a->given[i].name, "force") == 0))
			return refuse(EXIT_USAGE, "storage: --%s is not for 'storage %s'",
				      a->given[i].name, what);
	if (id && storage_id_wrong(id))
		return refuse(EXIT_USAGE, "storage: '%s' is not %s", id, storage_id_wrong(id));
	if (strcmp(what, "list") == 0)
		return id ? list_volumes(a, id) : list(a, false);
	if (strcmp(what, "status") == 0 && !id)
		return list(a, true);
	if ((adds || removes) && !id)
		return refuse(EXIT_USAGE, "storage: '%s' needs the name of a storage", what);
	if (adds)
		return add(a, id);
	if (removes)
		return change(remove_from, a, id, NULL);
	return refuse(EXIT_USAGE, "storage: say list, status, add or remove, not '%s'%s", what,
		      strcmp(what, "status") == 0 ? " with a name" : "");
}

const struct command cmd_storage = {
	.name = "storage",
	.args = "<action> [storage]",
	.help = "List, add or remove storages: where volumes may lie",
	.more = "'list' has them all, 'list <storage>' the volumes of one, 'status' how full they "
		"are. 'remove' takes it out of etc/pct/storage.cfg; what lies there stays.\n",
	.min_args = 1,
	.max_args = 2,
	.prints = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
