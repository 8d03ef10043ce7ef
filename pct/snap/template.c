// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/snap/template.h"
#include "base/say.h"
#include "pct/cli/property.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/store.h"
#include "pct/paths.h"
#include "pct/root/tree.h"
#include "pct/snap/volumes.h"
#include "pct/step.h"
#include "pct/storage/names.h"

static int name_volume(struct config *c, const char *key, const struct volume *v, const char *name)
{
	auto_free char *id = text_of("%s:%s", v->storage->id, name), *value = NULL;
	auto_properties p = { 0 };
	int r = properties_read(&key_find(key)->option, config_get(c, key), &p);

	if (r == 0)
		r = properties_set(&p, "volume", id);
	if (r == 0)
		value = properties_write(&p);
	if (r == 0)
		r = value ? config_set(c, key, value) : -ENOMEM;
	return r < 0 ? fail(r, "set '%s' to '%s'", key, id) : 0;
}

/* What it is called as a base, if that is there already. */
static char *renamed_already(const struct volume *v)
{
	struct volume_name name;
	struct volume_info info;
	auto_free char *base = NULL;

	if (volume_name_read(v->name, &name) < 0 || volume_info(v, &info) != -ENOENT)
		return NULL;
	base = volume_name_make(v->owner, name.format, true, name.number, strchr(v->name, '/'));
	return v->storage->driver->look(v->storage, base, &info) == 0 ? take_ptr(base) : NULL;
}

static int make_base(unsigned vmid, struct config *c, const struct named_volume *n)
{
	const struct driver *d = n->v.storage->driver;
	auto_free char *already = renamed_already(&n->v), *name = NULL;
	int r = step("template: rename a volume");

	if (r == 0 && !d->rename)
		r = refuse(-EOPNOTSUPP, "CT %u: storage '%s' of type '%s' has no templates", vmid,
			   n->v.storage->id, d->type);
	/* Again under its new name, if it has that: it may not be read-only yet. */
	if (r == 0)
		r = d->rename(n->v.storage, already ? already : n->v.name, vmid, true, &name);
	if (r == 0)
		r = name_volume(c, n->key, &n->v, name);
	return r < 0 ? r : conf_save(vmid, c);
}

/* What `lock: disk` says is that this was begun: it is what goes on. */
int template_make(unsigned vmid, struct config *c)
{
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", vmid);
	auto_named_volumes vs = NAMED_VOLUMES_NONE;
	int r = named_volumes(vmid, c->sections, NULL, &vs);

	if (r == 0)
		r = config_set(c, "lock", "disk") < 0 ? fail(-ENOMEM, "lock CT %u", vmid)
						      : conf_save(vmid, c);
	for (size_t i = 0; r == 0 && i < vs.n; i++)
		r = make_base(vmid, c, &vs.all[i]);
	if (r < 0)
		return r;
	if (config_set(c, "template", "1") < 0)
		return fail(-ENOMEM, "set 'template'");
	config_unset(c, "lock");
	config_section_remove(c, PENDING);
	r = conf_save(vmid, c);
	return r < 0 ? r : tree_remove(dir);
}
