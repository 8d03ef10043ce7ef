// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Directories on any file system, and clones of them that share what they have not changed.
 *
 * A volume is a directory that is ours, with what is the container's in `upper`; a clone has
 * `work` beside it and the link `lower`, whose text is the name of its base. A container gets at
 * `upper` only: nothing it makes is ever taken for one of the others.
 *
 *   images/100/basevol-100-disk-0.subvol/upper
 *   images/101/subvol-101-disk-0.subvol/{upper,work,lower -> 100/basevol-100-disk-0.subvol}
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/paths.h"
#include "pct/step.h"
#include "pct/storage/files.h"
#include "pct/storage/layers.h"
#include "pct/storage/quota.h"
#include "pct/storage/volume.h"

/* Others than root may go through it, once they are in images/<vmid>: the kernel as the owner of a
 * layer. */
#define DIR_MODE 0711

static unsigned features(const struct storage *s, const char *name)
{
	struct volume_name v;
	unsigned can = STORAGE_DIRECTORIES;

	if (quota_there_at(files_root(s)))
		can |= STORAGE_QUOTA | STORAGE_RESIZES;
	if (!name || (volume_name_read(name, &v) == 0 && v.base))
		can |= STORAGE_CLONES;
	return can;
}

static char *upper_of(const struct storage *s, const char *name)
{
	auto_free char *path = files_path(s, name);

	return text_of("%s/upper", path);
}

/* The name of its base, malloc'ed; NULL: it is no clone. */
static char *lower_of(const struct storage *s, const char *name)
{
	auto_free char *path = files_path(s, name);
	auto_free char *link = text_of("%s/lower", path);
	char base[PATH_MAX];
	ssize_t n = readlink(link, base, sizeof(base) - 1);

	if (n < 0)
		return NULL;
	base[n] = '\0';
	return strdup(base);
}

/* ---- made ---- */

static int make_part(const struct storage *s, const char *name, const char *part, char **path)
{
	auto_free char *dir = files_path(s, name);

	*path = text_of("%s/%s", dir, part);
	if (step("overlay: make a part of a volume") < 0 || mkdir(*path, 0700) < 0)
		return fail(-errno, "make volume '%s:%s'", s->id, name);
	return 0;
}

static int limit(const struct storage *s, const char *name, uint64_t bytes)
{
	auto_free char *path = files_path(s, name);
	int r = quota_limit_at(path, bytes);

	if (r == -EOPNOTSUPP)
		return refuse(r, "volume '%s:%s' is a directory, and has no size: %s", s->id, name,
			      quota_lacks_at(path));
	return r < 0 ? fail(r, "limit the size of volume '%s:%s'", s->id, name) : 0;
}

static int make_directory(const struct storage *s, const char *name, const struct volume_spec *spec)
{
	auto_free char *path = files_path(s, name);
	auto_free char *upper = NULL;
	int r;

	if (step("overlay: make a volume") < 0 || mkdir(path, DIR_MODE) < 0)
		return fail(-errno, "make volume '%s:%s'", s->id, name);
	r = make_part(s, name, "upper", &upper);
	if (r == 0)
		r = files_own(s, name, upper, spec);
	if (r == 0 && spec->bytes && quota_there_at(path))
		r = limit(s, name, spec->bytes);
	else if (r == 0 && spec->bytes)
		warn(0, "volume '%s:%s' is a directory without a size: %s", s->id, name,
		     quota_lacks_at(path));
	return r;
}

static int alloc(const struct storage *s, const struct volume_spec *spec, char **name)
{
	auto_free char *made = NULL;
	int r;

	if (spec->format == VOLUME_IMAGE)
		return refuse(-EOPNOTSUPP, "storage '%s' of type 'overlay' has no images", s->id);
	r = files_name(s, spec->vmid, VOLUME_DIRECTORY, false, &made);
	if (r == 0)
		r = make_directory(s, made, spec);
	if (r < 0) {
		if (made)
			(void)files_free(s, made);
		return r;
	}
	*name = take_ptr(made);
	return 0;
}

/* ---- clones ---- */

/*
 * The root directory of an overlay is that of its upper layer; and whoever that belongs to is who
 * the kernel works as in the other.
 */
static int own_like(const struct storage *s, const char *name, const char *base, const char *work)
{
	auto_free char *from = upper_of(s, base), *to = upper_of(s, name);
	struct stat st;

	if (stat(from, &st) < 0)
		return fail(-errno, "find the base '%s:%s'", s->id, base);
	if (step("overlay: give the clone its owner") < 0 || chown(to, st.st_uid, st.st_gid) < 0 ||
	    chown(work, st.st_uid, st.st_gid) < 0 || chmod(to, st.st_mode & 07777) < 0)
		return fail(-errno, "make volume '%s:%s'", s->id, name);
	return 0;
}

static int make_clone(const struct storage *s, const char *name, const char *base, uint64_t bytes)
{
	auto_free char *path = files_path(s, name);
	auto_free char *link = text_of("%s/lower", path), *upper = NULL, *work = NULL;
	int r;

	if (step("overlay: make a clone") < 0 || mkdir(path, DIR_MODE) < 0 ||
	    step("overlay: name its base") < 0 || symlink(base, link) < 0)
		return fail(-errno, "make volume '%s:%s'", s->id, name);
	r = make_part(s, name, "work", &work);
	if (r == 0)
		r = make_part(s, name, "upper", &upper);
	if (r == 0)
		r = own_like(s, name, base, work);
	if (r == 0 && bytes)
		r = limit(s, name, bytes);
	return r;
}

static int clone_it(const struct storage *s, const char *name, const char *snapshot, unsigned vmid,
		    char **out)
{
	auto_free char *made = NULL, *base = files_path(s, name);
	struct volume_name v;
	uint64_t bytes = 0, used;
	int r = volume_name_read(name, &v);

	if (r < 0 || snapshot || !v.base)
		return refuse(-EOPNOTSUPP,
			      "storage '%s' of type 'overlay' has linked clones of templates only; "
			      "'pct template' makes one, '--full' copies",
			      s->id);
	r = files_name(s, vmid, VOLUME_DIRECTORY, false, &made);
	if (r < 0)
		return r;
	(void)quota_read_at(base, &bytes, &used);
	r = make_clone(s, made, v.own, bytes);
	if (r < 0) {
		(void)files_free(s, made);
		return r;
	}
	*out = take_ptr(made);
	return 0;
}

struct search {
	const struct storage *s;
	const char *base;
	char *found;
};

static int is_clone_of(const struct volume_info *v, void *data)
{
	struct search *search = data;
	auto_free char *lower = lower_of(search->s, v->name);

	if (!lower || strcmp(lower, search->base) != 0)
		return 0;
	search->found = strdup(v->name);
	return 1;
}

/* Whoever is a clone of it would lose most of its files. */
static int check_unused(const struct storage *s, const char *name, const char *what)
{
	auto_free char *found = NULL;
	struct search search = { .s = s };
	struct volume_name v;
	int r = volume_name_read(name, &v);

	if (r < 0 || !v.base)
		return 0;
	search.base = v.own;
	r = files_list(s, 0, is_clone_of, &search);
	found = search.found;
	if (r <= 0)
		return r;
	return refuse(-EBUSY,
		      "%s volume '%s:%s': '%s:%s' is a clone of it; destroy that first, or move it "
		      "to another storage",
		      what, s->id, name, s->id, found ? found : "");
}

static bool needed(const struct storage *s, const char *name)
{
	auto_free char *found = NULL;
	struct search search = { .s = s, .base = name };
	int r = files_list(s, 0, is_clone_of, &search);

	found = search.found;
	return r != 0;
}

static int may_free(const struct storage *s, const char *name)
{
	return check_unused(s, name, "remove");
}

static int free_it(const struct storage *s, const char *name)
{
	auto_free char *path = files_path(s, name);
	int r = check_unused(s, name, "remove");

	if (r < 0)
		return r;
	quota_forget_at(path);
	return files_free(s, name);
}

static int rename_it(const struct storage *s, const char *name, unsigned vmid, bool base,
		     char **out)
{
	int r = check_unused(s, name, "rename");

	return r < 0 ? r : files_rename(s, name, vmid, base, out);
}

/* ---- looked at ---- */

static int path_of(const struct storage *s, const char *name, const char *snapshot, char **path)
{
	auto_free char *found = upper_of(s, name);

	if (snapshot)
		return refuse(-EOPNOTSUPP,
			      "storage '%s' of type 'overlay' has no snapshots: '%s' of '%s'",
			      s->id, snapshot, name);
	if (access(found, F_OK) < 0)
		return fail(-errno, "find volume '%s:%s'", s->id, name);
	*path = take_ptr(found);
	return 0;
}

/* Its bases, the nearest first. */
static int add_lowers(const struct storage *s, const char *name, struct layers *l)
{
	auto_free char *at = strdup(name);

	while (at) {
		auto_free char *base = lower_of(s, at);
		struct volume_name v;

		if (!base)
			break;
		if (volume_name_read(base, &v) < 0 || !v.base || l->n == LAYERS_MAX)
			return refuse(-EINVAL, "volume '%s:%s': its base '%s' is none", s->id, name,
				      base);
		l->lower[l->n++] = upper_of(s, base);
		free(at);
		at = take_ptr(base);
	}
	return at ? 0 : -ENOMEM;
}

/*
 * Two that write to the same layers would break each other, so who only reads has the upper one as
 * one more that is read.
 */
static int tree(const struct storage *s, const char *name, const char *snapshot,
		const struct volume_how *how, int *fd)
{
	bool read_only = how->attributes & MOUNT_ATTR_RDONLY;
	auto_free char *what = text_of("volume '%s:%s'", s->id, name), *upper = upper_of(s, name);
	auto_free char *base = lower_of(s, name);
	auto_layers l = { 0 };
	struct volume_name v;
	struct stat st;
	int r = 0;

	if (snapshot || !base)
		return VOLUME_BY_PATH;
	read_only |= volume_name_read(name, &v) == 0 && v.base;
	if (read_only)
		l.lower[l.n++] = strdup(upper);
	else
		l.volume = files_path(s, name);
	r = add_lowers(s, name, &l);
	if (r < 0)
		return r;
	if (stat(upper, &st) < 0)
		return fail(-errno, "find %s", what);
	return layers_mount(&l, st.st_uid >= 65536 ? how->unshift : how->users,
			    how->probe ? NULL : what, fd);
}

static int resize(const struct storage *s, const char *name, uint64_t bytes)
{
	return limit(s, name, bytes);
}

static int look(const struct storage *s, const char *name, struct volume_info *out)
{
	auto_free char *path = files_path(s, name);
	int r = files_info(s, name, out);

	if (r == 0)
		(void)quota_read_at(path, &out->bytes, &out->used);
	return r;
}

/* An image unpacked once: the base of clones, as a template's volume is. */
static int base_begin(const struct storage *s, const char *digest, char **name)
{
	const struct volume_spec spec = { .format = VOLUME_DIRECTORY };
	auto_free char *made = files_base(digest, true), *dir = NULL;
	int r = files_bases(s, &dir);

	if (r == 0)
		r = files_free(s, made);
	if (r == 0)
		r = make_directory(s, made, &spec);
	if (r == 0)
		*name = take_ptr(made);
	return r;
}

const struct driver driver_overlay = {
	.type = "overlay",
	.help = "a directory: directories in it, and clones of them that share what is the same",
	.options = files_options,
	.features = features,
	.check = files_check,
	.alloc = alloc,
	.may_free = may_free,
	.needed = needed,
	.free = free_it,
	.path = path_of,
	.tree = tree,
	.resize = resize,
	.clone = clone_it,
	.rename = rename_it,
	.look = look,
	.list = files_list,
	.usage = files_usage,
	.base_begin = base_begin,
	.base_end = files_base_end,
	.base_find = files_base_find,
};
