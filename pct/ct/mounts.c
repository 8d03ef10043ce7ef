// SPDX-License-Identifier: LGPL-2.1-or-later
#include <lxc/lxccontainer.h>
#include <sys/sysmacros.h>

#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/conf/pending.h"
#include "pct/conf/properties.h"
#include "pct/conf/store.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/ct/mounts.h"
#include "pct/ct/place.h"
#include "pct/paths.h"

static int look_volume(unsigned vmid, const struct placing *p)
{
	auto_volume v = VOLUME_NONE;
	struct volume_info about;
	int r = volume_find(vmid, p->name, p->source, &v);

	if (r == 0 && (r = volume_info(&v, &about)) < 0)
		r = fail(r, "CT %u: %s: find volume '%s'", vmid, p->name, p->source);
	return r;
}

static int look(unsigned vmid, const struct placing *p, struct device_number *devices)
{
	auto_fd fd = -EBADF;
	struct stat st;
	int r;

	if (p->volume)
		return look_volume(vmid, p);
	r = placing_open(p, &fd);
	if (r == 0 && fstat(fd, &st) < 0)
		r = fail(-errno, "%s: find '%s'", p->name, p->source);
	if (r == 0 && p->device && key_find(p->name)->option.count)
		devices[key_number_of(key_find(p->name), p->name)] = (struct device_number){
			S_ISCHR(st.st_mode) ? 'c' : 'b',
			major(st.st_rdev),
			minor(st.st_rdev),
		};
	return r;
}

static void warn_hidden(const struct placing *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			if (strcmp(all[i].path, all[j].path) == 0)
				warn(0, "%s and %s are both to be at '%s' in the container",
				     all[i].name, all[j].name, all[i].path);
}

int mounts_check(unsigned vmid, const struct config *c, struct device_number devices[DEVICES_MAX],
		 bool *any)
{
	struct placing *all;
	size_t n;
	int r = placings_read(c, &all, &n);

	if (r < 0)
		return r;
	*any = n > 0;
	warn_hidden(all, n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = look(vmid, &all[i], devices);
	placings_free(all, n);
	return r;
}

static int read_ids(unsigned vmid, const struct config *c, struct idmap **out)
{
	*out = malloc(sizeof(**out));
	if (!*out)
		return fail(-ENOMEM, "read the ids of CT %u", vmid);
	if (idmap_read(c, *out) < 0)
		return refuse(-EINVAL,
			      "CT %u: one of its lxc.idmap lines has not the form 'u 0 100000 "
			      "65536'",
			      vmid);
	return 0;
}

int mounts_hook(unsigned vmid, pid_t init)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_free struct idmap *ids = NULL;
	struct placing *all;
	size_t n;
	int r = conf_load(vmid, &c);

	if (r == 0)
		r = read_ids(vmid, &c, &ids);
	if (r < 0)
		return r;
	r = placings_read(&c, &all, &n);
	if (r < 0)
		return r;
	r = place(vmid, init, ids, all, n);
	placings_free(all, n);
	return r;
}

/* ---- while it runs ---- */

/* What is at a path that another one has, too, would be hidden. */
static int check_path(const struct live *l, const struct placing *p)
{
	struct placing *all;
	size_t n;
	int r = placings_read(l->config, &all, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++)
		if (paths_same(all[i].path, p->path) && strcmp(all[i].name, p->name) != 0)
			r = refuse(-EEXIST,
				   "%s: '%s' in the container is what %s is mounted on; give "
				   "another path",
				   p->name, p->path, all[i].name);
	placings_free(all, n);
	return r;
}

static int add(struct live *l, const struct placing *p)
{
	auto_free struct idmap *ids = NULL;
	int r = check_path(l, p);

	if (r == 0)
		r = read_ids(l->vmid, l->config, &ids);
	return r < 0 ? r : place(l->vmid, l->init, ids, p, 1);
}

int apply_mount(struct live *l, const char *name, const char *value)
{
	const char *now = config_get(l->config, name);
	auto_placing p = { 0 };
	int r;

	/* Another directory at its place, or its place elsewhere: those who use it would be torn.
	 */
	if (now && value)
		return APPLY_LATER;
	r = placing_read(name, now ? now : value, &p);
	if (r < 0)
		return r;
	return value ? add(l, &p) : displace(l->vmid, l->init, &p, l->force);
}

/*
 * An unprivileged container's cgroup allows all devices; a privileged one could make the node
 * itself, so it is its cgroup that keeps it off.
 */
static int allow(const struct live *l, const struct placing *p, const char *what, const char *how)
{
	auto_container *c = NULL;
	auto_free char *rule = NULL;
	auto_fd fd = -EBADF;
	struct stat st;
	int r = placing_open(p, &fd);

	if (r < 0 || fstat(fd, &st) < 0)
		return r < 0 ? r : fail(-errno, "%s: find '%s'", p->name, p->source);
	rule = text_of("%c %u:%u %s", S_ISCHR(st.st_mode) ? 'c' : 'b', major(st.st_rdev),
		       minor(st.st_rdev), how);
	r = cgroups_device(l->vmid, what, rule);
	if (r == 0) { /* v2, where it is a program of liblxc's */
		r = ct_open(l->vmid, &c);
		if (r < 0)
			return r;
		r = c->set_cgroup_item(c, what, rule) ? 1 : -EIO;
	}
	return r < 0 ? fail(r, "%s: give the cgroup of CT %u the rule '%s %s'", p->name, l->vmid,
			    what, rule)
		     : 0;
}

int apply_device(struct live *l, const char *name, const char *value)
{
	const char *now = config_get(l->config, name);
	const struct option *o = &key_find(name)->option;
	bool own = lxcconf_unprivileged(l->config), read_only;
	auto_properties v = { 0 };
	auto_placing p = { 0 };
	int r;

	if (now && value)
		return APPLY_LATER;
	r = placing_read(name, now ? now : value, &p);
	if (r == 0)
		r = properties_read(o, now ? now : value, &v);
	if (r < 0)
		return r;
	read_only = properties_bool(&v, "deny-write");
	if (!value) {
		r = displace(l->vmid, l->init, &p, l->force);
		if (r == 0 && !own)
			r = allow(l, &p, "devices.deny", read_only ? "r" : "rw");
		return r == 0 && own && read_only ? allow(l, &p, "devices.allow", "w") : r;
	}
	if (!own)
		r = allow(l, &p, "devices.allow", read_only ? "r" : "rw");
	else if (read_only)
		r = allow(l, &p, "devices.deny", "w");
	return r == 0 ? add(l, &p) : r;
}
