// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/say.h"
#include "pct/paths.h"
#include "pct/storage/driver.h"
#include "pct/storage/subvolume.h"

const struct driver *const drivers[] = {
	&driver_dir, &driver_btrfs, &driver_lvmthin, &driver_overlay, &driver_zfspool,
};
const size_t n_drivers = ARRAY_LEN(drivers);

/* As other hosts mount them, or Proxmox does: a path that is there is a directory to us. */
static const char *const mounted_types[] = { "nfs", "cifs", "cephfs" };

const struct driver *driver_find(const char *type)
{
	for (size_t i = 0; i < n_drivers; i++)
		if (strcmp(drivers[i]->type, type) == 0)
			return drivers[i];
	return NULL;
}

bool storage_flag(const struct storage *s, const char *key)
{
	const char *value = storage_option(s, key);
	bool on = false;

	return value && (!*value || (option_bool(value, &on) && on));
}

bool storage_has_content(const struct storage *s, const char *what)
{
	const char *list = storage_option(s, "content");
	size_t n = strlen(what);

	if (!list)
		return true;
	for (size_t m; *list; list += m + (list[m] == ',')) {
		m = strcspn(list, ",");
		if (m == n && strncmp(list, what, n) == 0)
			return true;
	}
	return false;
}

unsigned storage_features(const struct storage *s, const char *name)
{
	return s->driver ? s->driver->features(s, name) : 0;
}

/* ---- those of this process ---- */

static struct storages known;
static bool are_known;

/* As the first directory of it that is there. */
static const char *type_of(const char *path)
{
	auto_free char *at = text_of("%s", path);

	while (access(at, F_OK) < 0 && strrchr(at, '/') > at)
		*strrchr(at, '/') = '\0';
	return subvolume_fs_is(at) ? "btrfs" : "dir";
}

static int add_local(struct storages *all)
{
	auto_free char *path = path_to("var/lib/pct");
	struct storage *s;
	int r;

	if (storages_find(all, "local"))
		return 0;
	r = storages_add(all, "local", type_of(path), &s);
	if (r < 0)
		return r;
	s->implicit = true;
	return storage_set(s, "path", path);
}

void storages_forget(void)
{
	storages_free(&known);
	are_known = false;
}

int storages_get(const struct storages **out)
{
	int r;

	if (!are_known) {
		r = storages_load(&known);
		if (r == 0 && add_local(&known) < 0)
			r = fail(-ENOMEM, "read the storages");
		if (r < 0)
			return r;
		are_known = true;
	}
	*out = &known;
	return 0;
}

static int refuse_type(const struct storage *s)
{
	for (size_t i = 0; i < ARRAY_LEN(mounted_types); i++)
		if (strcmp(mounted_types[i], s->type) == 0)
			return refuse(-EOPNOTSUPP,
				      "storage '%s' is of type '%s', which pct does not mount: "
				      "mount it, and have it as 'dir: %s' with its path and "
				      "'shared 1'",
				      s->id, s->type, s->id);
	return refuse(-EOPNOTSUPP, "storage '%s' is of type '%s', which pct has no driver for",
		      s->id, s->type);
}

int storage_get(const char *id, const struct storage **out)
{
	const struct storages *all;
	const struct storage *s;
	int r = storages_get(&all);

	if (r < 0)
		return r;
	s = storages_find(all, id);
	if (!s)
		return refuse(-ENOENT,
			      "there is no storage '%s'; 'pct storage list' shows those there are",
			      id);
	if (storage_flag(s, "disable"))
		return refuse(-ENODEV,
			      "storage '%s' is disabled: take 'disable' out of its section of "
			      "'%s/etc/pct/storage.cfg'",
			      id, paths_root());
	if (!s->driver)
		return refuse_type(s);
	r = s->driver->check(s);
	if (r == 0)
		*out = s;
	return r;
}
