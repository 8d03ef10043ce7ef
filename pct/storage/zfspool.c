// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Datasets of ZFS, which limits and snapshots them itself; its program does it.
 *
 *   subvol-100-disk-0            a volume, limited by refquota
 *   basevol-100-disk-0@__base__  of a template, and what its clones are of
 */
#include <limits.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/names.h"
#include "pct/storage/program.h"

#define BASE "__base__"

static const struct option options[] = {
	{ "pool", OPTION_TEXT, .min = 1, .max = 255, .required = true, .value = "<dataset>",
	  .help = "the pool, or a dataset in it" },
	{ "mountpoint", OPTION_TEXT, .min = 1, .max = 1024, .value = "<directory>",
	  .help = "where it is mounted; kept for Proxmox, zfs knows" },
	{ "sparse", OPTION_BOOL, .help = "kept for Proxmox, nothing here" },
	{ .name = NULL },
};

static const char *pool_of(const struct storage *s)
{
	const char *name = storage_option(s, "pool");

	return name ? name : "";
}

static const char *own(const char *name)
{
	struct volume_name v;

	return volume_name_read(name, &v) == 0 ? v.own : name;
}

static char *dataset(const struct storage *s, const char *name, const char *snapshot)
{
	return text_of("%s/%s%s%s", pool_of(s), own(name), snapshot ? "@" : "",
		       snapshot ? snapshot : "");
}

static int run_on(const struct storage *s, const char *command, const char *option,
		  const char *name, const char *snapshot, const char *what)
{
	auto_free char *of = dataset(s, name, snapshot);
	const char *const argv[] = { "zfs", command, option ? option : of, option ? of : NULL,
				     NULL };

	return program_run(s, argv, what);
}

static unsigned features(const struct storage *s, const char *name)
{
	(void)s;
	(void)name;
	return STORAGE_DIRECTORIES | STORAGE_SNAPSHOTS | STORAGE_CLONES | STORAGE_RESIZES |
	       STORAGE_QUOTA;
}

static int check(const struct storage *s)
{
	if (!*pool_of(s))
		return refuse(-EINVAL,
			      "storage '%s' has no pool: give its section of '%s/etc/pct/"
			      "storage.cfg' a line 'pool ...'",
			      s->id, paths_root());
	return program_check(s, "zfs", "zfsutils-linux");
}

/* ---- what there is ---- */

/* "pool/name<TAB>refquota<TAB>referenced" */
static bool info_of(const struct storage *s, char *line, struct volume_info *out)
{
	const char *full = strsep(&line, "\t"), *limit = strsep(&line, "\t");
	const char *used = strsep(&line, "\t");
	size_t n = strlen(pool_of(s));
	struct volume_name v;

	if (!full || !limit || !used || strncmp(full, pool_of(s), n) != 0 || full[n] != '/' ||
	    volume_name_read(full + n + 1, &v) < 0 || v.number == UINT_MAX)
		return false;
	*out = (struct volume_info){ .name = full + n + 1,
				     .owner = v.owner,
				     .format = VOLUME_DIRECTORY,
				     .base = v.base,
				     .bytes = strtoull(limit, NULL, 10),
				     .used = strtoull(used, NULL, 10) };
	return true;
}

static int ask(const struct storage *s, const char *of, bool quiet, char **answer)
{
	const char *const argv[] = { "zfs",
				     "list",
				     "-H",
				     "-p",
				     "-t",
				     "filesystem",
				     "-o",
				     "name,refquota,referenced",
				     quiet ? "-d0" : "-d1",
				     of,
				     NULL };

	return program_ask(s, argv, "list its volumes", quiet, answer);
}

static int list(const struct storage *s, unsigned vmid,
		int (*each)(const struct volume_info *v, void *data), void *data)
{
	auto_free char *answer = NULL;
	char *next, *line;
	int r = ask(s, pool_of(s), false, &answer);

	next = answer;
	while (r == 0 && (line = strsep(&next, "\n"))) {
		struct volume_info v;

		if (info_of(s, line, &v) && (!vmid || v.owner == vmid))
			r = each(&v, data);
	}
	return r;
}

static int look(const struct storage *s, const char *name, struct volume_info *out)
{
	auto_free char *of = dataset(s, name, NULL), *answer = NULL;
	struct volume_info found;
	int r = ask(s, of, true, &answer);

	if (r < 0)
		return r;
	answer[strcspn(answer, "\n")] = '\0';
	if (!info_of(s, answer, &found))
		return -ENOENT;
	*out = found;
	out->name = name;
	return 0;
}

struct taken {
	bool *numbers;
	size_t n;
};

static int take(const struct volume_info *v, void *data)
{
	struct taken *t = data;
	struct volume_name name;

	if (volume_name_read(v->name, &name) == 0 && name.number < t->n)
		t->numbers[name.number] = true;
	return 0;
}

static int free_name(const struct storage *s, unsigned vmid, char **name)
{
	bool numbers[1024] = { false };
	struct taken t = { numbers, ARRAY_LEN(numbers) };
	unsigned n = 0;
	int r = list(s, vmid, take, &t);

	while (n < t.n && numbers[n])
		n++;
	if (r == 0)
		*name = volume_name_make(vmid, VOLUME_DIRECTORY, false, n, false);
	return r;
}

static int path_of(const struct storage *s, const char *name, const char *snapshot, char **path)
{
	auto_free char *of = dataset(s, name, NULL), *answer = NULL;
	const char *const argv[] = { "zfs", "list", "-H", "-o", "mounted,mountpoint", of, NULL };
	char *at;
	int r = program_ask(s, argv, "find a volume", false, &answer);

	if (r < 0)
		return r;
	answer[strcspn(answer, "\n")] = '\0';
	at = strchr(answer, '\t');
	if (!at || at[1] != '/')
		return refuse(-ENODEV,
			      "volume '%s:%s' is mounted nowhere: 'zfs set mountpoint=...' on '%s'",
			      s->id, name, of);
	if (strncmp(answer, "no\t", 3) == 0) {
		r = run_on(s, "mount", NULL, name, NULL, "mount a volume");
		if (r < 0)
			return r;
	}
	*path =
	    text_of("%s%s%s", at + 1, snapshot ? "/.zfs/snapshot/" : "", snapshot ? snapshot : "");
	return 0;
}

/* ---- made, changed ---- */

static int own_root(const struct storage *s, const char *name, const struct volume_spec *spec)
{
	auto_free char *path = NULL;
	int r = path_of(s, name, NULL, &path);

	if (r == 0 && (step("zfs: give the directory its owner") < 0 ||
		       chown(path, spec->uid, spec->gid) < 0 || chmod(path, 0755) < 0))
		r = fail(-errno, "make volume '%s:%s'", s->id, name);
	return r;
}

static int free_it(const struct storage *s, const char *name)
{
	struct volume_info v;
	int r = look(s, name, &v);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return run_on(s, "destroy", "-r", name, NULL, "remove a volume");
}

static int alloc(const struct storage *s, const struct volume_spec *spec, char **name)
{
	auto_free char *made = NULL, *of = NULL, *bytes = program_bytes(spec->bytes, "");
	auto_free char *limit = text_of("refquota=%s", spec->bytes ? bytes : "none");
	int r;

	if (spec->format == VOLUME_IMAGE)
		return refuse(-EOPNOTSUPP, "storage '%s' of type 'zfspool' has no images", s->id);
	r = free_name(s, spec->vmid, &made);
	if (r < 0)
		return r;
	of = dataset(s, made, NULL);
	const char *const argv[] = { "zfs", "create",	"-o", "acltype=posixacl",
				     "-o",  "xattr=sa", "-o", limit,
				     of,    NULL };

	r = program_run(s, argv, "make a volume");
	if (r == 0) {
		r = own_root(s, made, spec);
		if (r < 0)
			(void)free_it(s, made);
	}
	if (r == 0)
		*name = take_ptr(made);
	return r;
}

static int resize(const struct storage *s, const char *name, uint64_t bytes)
{
	auto_free char *text = program_bytes(bytes, "");
	auto_free char *limit = text_of("refquota=%s", bytes ? text : "none");

	return run_on(s, "set", limit, name, NULL, "resize a volume");
}

static int snapshot(const struct storage *s, const char *name, const char *as)
{
	return run_on(s, "snapshot", NULL, name, as, "make a snapshot");
}

static int has_snapshot(const struct storage *s, const char *name, const char *as)
{
	auto_free char *of = dataset(s, name, as), *answer = NULL;
	const char *const argv[] = { "zfs", "list", "-H", "-t", "snapshot", of, NULL };

	return program_ask(s, argv, "find a snapshot", true, &answer);
}

static int snapshot_remove(const struct storage *s, const char *name, const char *as)
{
	int r = has_snapshot(s, name, as);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return run_on(s, "destroy", NULL, name, as, "remove a snapshot");
}

/* To the newest only: zfs says so itself. */
static int rollback(const struct storage *s, const char *name, const char *to)
{
	return run_on(s, "rollback", NULL, name, to, "roll back");
}

static int clone_it(const struct storage *s, const char *name, const char *of, unsigned vmid,
		    char **out)
{
	auto_free char *from = dataset(s, name, of ? of : BASE), *made = NULL, *to = NULL;
	int r = free_name(s, vmid, &made);

	if (r < 0)
		return r;
	to = dataset(s, made, NULL);
	const char *const argv[] = { "zfs", "clone", from, to, NULL };

	r = program_run(s, argv, "make a clone");
	if (r == 0)
		*out = take_ptr(made);
	return r;
}

static int set_base(const struct storage *s, const char *name, bool base)
{
	int r = base ? snapshot(s, name, BASE) : snapshot_remove(s, name, BASE);

	return r < 0 ? r
		     : run_on(s, "set", base ? "readonly=on" : "readonly=off", name, NULL,
			      base ? "make a volume read-only" : "make a volume writable");
}

static int rename_it(const struct storage *s, const char *name, unsigned vmid, bool base,
		     char **out)
{
	auto_free char *to = NULL, *from = dataset(s, name, NULL), *full = NULL;
	struct volume_name v;
	int r = volume_name_read(name, &v);

	if (r < 0)
		return fail(r, "rename volume '%s:%s'", s->id, name);
	if (v.owner == vmid && v.number != UINT_MAX)
		to = volume_name_make(vmid, VOLUME_DIRECTORY, base, v.number, false);
	else if ((r = free_name(s, vmid, &to)) < 0)
		return r;
	full = dataset(s, to, NULL);
	if (strcmp(from, full) != 0) {
		const char *const argv[] = { "zfs", "rename", from, full, NULL };

		r = program_run(s, argv, "rename a volume");
	}
	if (r == 0 && base != v.base)
		r = set_base(s, to, base);
	if (r == 0)
		*out = take_ptr(to);
	return r;
}

static int usage(const struct storage *s, struct storage_usage *out)
{
	const char *const argv[] = { "zfs",	 "get", "-H", "-p", "-o", "value", "used,available",
				     pool_of(s), NULL };
	auto_free char *answer = NULL;
	unsigned long long used, available;
	int r = program_ask(s, argv, "look at it", true, &answer);

	if (r == 0 && sscanf(answer, "%llu %llu", &used, &available) != 2)
		r = -EBADMSG;
	if (r < 0)
		return r;
	*out = (struct storage_usage){ used + available, used, available };
	return 0;
}

const struct driver driver_zfspool = {
	.type = "zfspool",
	.help = "datasets of ZFS",
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
