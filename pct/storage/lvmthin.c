// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Thin volumes of LVM: block devices that take what is written to them, and snapshots of them. Its
 * programs do it, which lock, and write their metadata, so that one killed half-way has done it or
 * not. (liblvm2cmd is the same commands as text, in our process, and its makers advise against it.)
 *
 *   vm-100-disk-0             a volume         base-100-disk-0   of a template
 *   snap_vm-100-disk-0_NAME   its snapshot     new_..., old_...  of a rollback under way
 */
#include <limits.h>

#include "base/say.h"
#include "pct/cli/output.h"
#include "pct/paths.h"
#include "pct/storage/lvm.h"
#include "pct/storage/names.h"
#include "pct/storage/program.h"

static const struct option options[] = {
	{ "vgname", OPTION_TEXT, .min = 1, .max = 127, .required = true, .value = "<group>",
	  .help = "the volume group" },
	{ "thinpool", OPTION_TEXT, .min = 1, .max = 127, .required = true, .value = "<pool>",
	  .help = "the thin pool in it" },
	{ .name = NULL },
};

static char *lv_of(const struct storage *s, const char *name)
{
	struct volume_name v;

	return text_of("%s/%s", lvm_group(s), volume_name_read(name, &v) == 0 ? v.own : name);
}

static char *snapshot_of(const char *name, const char *snapshot)
{
	struct volume_name v;

	return text_of("snap_%s_%s", volume_name_read(name, &v) == 0 ? v.own : name, snapshot);
}

/* ---- ---- */

static unsigned features(const struct storage *s, const char *name)
{
	(void)s;
	(void)name;
	return STORAGE_IMAGES | STORAGE_SNAPSHOTS | STORAGE_CLONES | STORAGE_RESIZES;
}

static int check(const struct storage *s)
{
	if (!*lvm_group(s) || !*lvm_pool(s))
		return refuse(-EINVAL,
			      "storage '%s' has no volume group or thin pool: give its section of "
			      "'%s/etc/pct/storage.cfg' lines 'vgname ...' and 'thinpool ...'",
			      s->id, paths_root());
	return program_check(s, "lvs", "lvm2");
}

/* With the lowest number that no volume has, whichever way it is called. */
static int free_name(const struct storage *s, unsigned vmid, char **name)
{
	auto_output report = NULL;
	json_object *rows;
	unsigned n = 0;
	bool taken = true;
	int r = lvm_ask(s, NULL, &report, &rows);

	if (r < 0)
		return r;
	for (; taken; n += taken) {
		taken = false;
		for (size_t i = 0; i < json_object_array_length(rows) && !taken; i++) {
			struct volume_name v;

			taken = volume_name_read(
				    lvm_column(json_object_array_get_idx(rows, i), "lv_name"),
				    &v) == 0 &&
				v.owner == vmid && v.number == n;
		}
	}
	*name = volume_name_make(vmid, VOLUME_IMAGE, false, n, false);
	return 0;
}

static int alloc(const struct storage *s, const struct volume_spec *spec, char **name)
{
	auto_free char *made = NULL, *size = program_bytes(spec->bytes, "b");
	int r;

	if (spec->format == VOLUME_DIRECTORY)
		return refuse(-EOPNOTSUPP, "storage '%s' of type 'lvmthin' has no directories",
			      s->id);
	r = free_name(s, spec->vmid, &made);
	if (r == 0) {
		const char *const argv[] = { "lvcreate", "--yes",      "--quiet",   "--type",
					     "thin",	 "--thinpool", lvm_pool(s), "-V",
					     size,	 "-n",	       made,	    lvm_group(s),
					     NULL };

		r = program_run(s, argv, "make a volume");
	}
	if (r == 0)
		*name = take_ptr(made);
	return r;
}

static int activate(const struct storage *s, const char *lv)
{
	const char *const argv[] = { "lvchange", "-ay", "-K", lv, NULL };
	auto_free char *path = text_of("/dev/%s", lv);

	return access(path, F_OK) == 0 ? 0 : program_run(s, argv, "activate a volume");
}

static int remove_lv(const struct storage *s, const char *name)
{
	auto_free char *lv = text_of("%s/%s", lvm_group(s), name);
	const char *const argv[] = { "lvremove", "--yes", "--quiet", lv, NULL };

	return lvm_is_there(s, name) ? program_run(s, argv, "remove a volume") : 0;
}

static int rename_lv(const struct storage *s, const char *from, const char *to)
{
	const char *const argv[] = { "lvrename", "--quiet", lvm_group(s), from, to, NULL };

	return program_run(s, argv, "rename a volume");
}

/* ---- snapshots ---- */

/* Each snapshot's name: the rest of snap_<volume>_. */
static int each_snapshot(const struct storage *s, const char *name,
			 int (*each)(const struct storage *s, const char *name, const char *lv,
				     void *data),
			 void *data)
{
	auto_free char *begin = snapshot_of(name, "");
	auto_output report = NULL;
	json_object *rows;
	int r = lvm_ask(s, NULL, &report, &rows);

	for (size_t i = 0; r == 0 && i < json_object_array_length(rows); i++) {
		const char *lv = lvm_column(json_object_array_get_idx(rows, i), "lv_name");

		if (strncmp(lv, begin, strlen(begin)) == 0)
			r = each(s, name, lv, data);
	}
	return r;
}

static int remove_one(const struct storage *s, const char *name, const char *lv, void *data)
{
	(void)name;
	(void)data;
	return remove_lv(s, lv);
}

static int make_snapshot(const struct storage *s, const char *of, const char *as, bool writable)
{
	auto_free char *lv = text_of("%s/%s", lvm_group(s), of);
	const char *const argv[] = { "lvcreate",
				     "--yes",
				     "--quiet",
				     "-s",
				     "-n",
				     as,
				     writable ? "-kn" : "-ky",
				     "-p",
				     writable ? "rw" : "r",
				     lv,
				     NULL };

	return program_run(s, argv, "make a snapshot");
}

static const char *own(const char *name)
{
	struct volume_name v;

	return volume_name_read(name, &v) == 0 ? v.own : name;
}

static int snapshot(const struct storage *s, const char *name, const char *as)
{
	auto_free char *lv = snapshot_of(name, as);

	return make_snapshot(s, own(name), lv, false);
}

static int snapshot_remove(const struct storage *s, const char *name, const char *as)
{
	auto_free char *lv = snapshot_of(name, as);

	return remove_lv(s, lv);
}

/*
 * At any moment there is the volume, or what is to be it: new_ has all of it before old_ is made.
 * Said again after it was killed in between, it is finished.
 */
static int rollback(const struct storage *s, const char *name, const char *to)
{
	auto_free char *new = text_of("new_%s", own(name)), *old = text_of("old_%s", own(name));
	auto_free char *from = snapshot_of(name, to);
	int r = 0;

	if (!lvm_is_there(s, from))
		return refuse(-ENOENT, "volume '%s:%s' has no snapshot '%s'", s->id, name, to);
	if (lvm_is_there(s, own(name))) {
		/* Of one that was killed: the volume may have changed since. */
		r = remove_lv(s, new);
		if (r == 0)
			r = remove_lv(s, old);
		if (r == 0)
			r = make_snapshot(s, from, new, true);
		if (r == 0)
			r = rename_lv(s, own(name), old);
	}
	if (r == 0)
		r = rename_lv(s, new, own(name));
	return r < 0 ? r : remove_lv(s, old);
}

static int has_snapshot(const struct storage *s, const char *name, const char *snapshot)
{
	auto_free char *lv = snapshot_of(name, snapshot);

	return lvm_is_there(s, lv) ? 0 : -ENOENT;
}

static int clone_it(const struct storage *s, const char *name, const char *of, unsigned vmid,
		    char **out)
{
	auto_free char *made = NULL, *from = of ? snapshot_of(name, of) : strdup(own(name));
	int r = from ? free_name(s, vmid, &made) : -ENOMEM;

	if (r == 0)
		r = make_snapshot(s, from, made, true);
	if (r == 0)
		*out = take_ptr(made);
	return r;
}

/* ---- ---- */

static int free_it(const struct storage *s, const char *name)
{
	int r = each_snapshot(s, name, remove_one, NULL);

	return r < 0 ? r : remove_lv(s, own(name));
}

static int rename_one(const struct storage *s, const char *name, const char *lv, void *data)
{
	auto_free char *begin = snapshot_of(name, "");
	auto_free char *to = snapshot_of(data, lv + strlen(begin));

	return rename_lv(s, lv, to);
}

static int set_base(const struct storage *s, const char *name, bool base)
{
	auto_free char *lv = lv_of(s, name);
	const char *const argv[] = { "lvchange", "--quiet", "-p", base ? "r" : "rw", lv, NULL };

	return program_run(s, argv, base ? "make a volume read-only" : "make a volume writable");
}

static int rename_it(const struct storage *s, const char *name, unsigned vmid, bool base,
		     char **out)
{
	auto_free char *to = NULL;
	struct volume_name v;
	int r = volume_name_read(name, &v);

	if (r < 0)
		return fail(r, "rename volume '%s:%s'", s->id, name);
	if (v.owner == vmid && v.number != UINT_MAX)
		to = volume_name_make(vmid, VOLUME_IMAGE, base, v.number, false);
	else if ((r = free_name(s, vmid, &to)) < 0)
		return r;
	if (strcmp(v.own, to) != 0) {
		/* Snapshots first: said again, those that are left are found. */
		r = each_snapshot(s, name, rename_one, to);
		if (r == 0)
			r = rename_lv(s, v.own, to);
	}
	if (r == 0 && base != v.base)
		r = set_base(s, to, base);
	if (r == 0)
		*out = take_ptr(to);
	return r;
}

static int path_of(const struct storage *s, const char *name, const char *of, char **path)
{
	auto_free char *lv = of ? snapshot_of(name, of) : strdup(own(name)), *full = NULL;
	int r;

	if (!lv)
		return fail(-ENOMEM, "find volume '%s:%s'", s->id, name);
	if (!lvm_is_there(s, lv))
		return fail(-ENOENT, "find volume '%s:%s'", s->id, name);
	full = text_of("%s/%s", lvm_group(s), lv);
	r = activate(s, full);
	if (r == 0)
		*path = text_of("/dev/%s", full);
	return r;
}

static int resize(const struct storage *s, const char *name, uint64_t bytes)
{
	auto_free char *lv = lv_of(s, name), *size = program_bytes(bytes, "b");
	const char *const argv[] = { "lvextend", "--quiet", "-L", size, lv, NULL };

	return program_run(s, argv, "make a volume larger");
}

static bool info_of(json_object *row, struct volume_info *out)
{
	const char *name = lvm_column(row, "lv_name");
	struct volume_name v;

	/* The pool itself, or what somebody else has made. */
	if (!*lvm_column(row, "pool_lv") || volume_name_read(name, &v) < 0 || v.number == UINT_MAX)
		return false;
	*out = (struct volume_info){ .name = name,
				     .owner = v.owner,
				     .format = VOLUME_IMAGE,
				     .base = v.base,
				     .bytes = lvm_number(row, "lv_size") };
	out->used =
	    (uint64_t)((double)out->bytes * strtod(lvm_column(row, "data_percent"), NULL) / 100);
	return true;
}

static int look(const struct storage *s, const char *name, struct volume_info *out)
{
	auto_output report = NULL;
	struct volume_info found;
	json_object *rows;
	int r = lvm_ask(s, own(name), &report, &rows);

	if (r < 0)
		return r;
	if (json_object_array_length(rows) != 1 ||
	    !info_of(json_object_array_get_idx(rows, 0), &found))
		return -ENOENT;
	*out = found;
	out->name = name;
	return 0;
}

static int list(const struct storage *s, unsigned vmid,
		int (*each)(const struct volume_info *v, void *data), void *data)
{
	auto_output report = NULL;
	json_object *rows;
	int r = lvm_ask(s, NULL, &report, &rows);

	for (size_t i = 0; r == 0 && i < json_object_array_length(rows); i++) {
		json_object *row = json_object_array_get_idx(rows, i);
		struct volume_info v;

		if (strcmp(lvm_column(row, "pool_lv"), lvm_pool(s)) == 0 && info_of(row, &v) &&
		    (!vmid || v.owner == vmid))
			r = each(&v, data);
	}
	return r;
}

static int usage(const struct storage *s, struct storage_usage *out)
{
	auto_output report = NULL;
	json_object *rows, *row;
	int r = lvm_ask(s, lvm_pool(s), &report, &rows);

	if (r < 0 || json_object_array_length(rows) != 1)
		return r < 0 ? r : -ENOENT;
	row = json_object_array_get_idx(rows, 0);
	out->total = lvm_number(row, "lv_size");
	out->used =
	    (uint64_t)((double)out->total * strtod(lvm_column(row, "data_percent"), NULL) / 100);
	out->available = out->total - MIN(out->used, out->total);
	return 0;
}

const struct driver driver_lvmthin = {
	.type = "lvmthin",
	.help = "thin volumes of LVM",
	.options = options,
	.features = features,
	.check = check,
	.alloc = alloc,
	.free = free_it,
	.path = path_of,
	.resize = resize,
	.snapshot = snapshot,
	.snapshot_remove = snapshot_remove,
	.rollback = rollback,
	.has_snapshot = has_snapshot,
	.clone = clone_it,
	.rename = rename_it,
	.look = look,
	.list = list,
	.usage = usage,
};
