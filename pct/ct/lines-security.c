// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a container may do, as lines for liblxc, and the calls it may not make.
 */
#include <sys/socket.h>

#include "base/base.h"
#include "base/rules.h"
#include "pct/conf/keys.h"
#include "pct/conf/properties.h"
#include "pct/ct/idmap.h"
#include "pct/ct/lxcconf.h"

static const char *feature(const struct config *c, const char *name, struct properties *p)
{
	const struct key *k = key_find("features");
	const char *value = config_get(c, "features");

	return value && properties_read(&k->option, value, p) == 0 ? properties_get(p, name) : NULL;
}

bool lxcconf_feature(const struct config *c, const char *name)
{
	auto_properties p = { 0 };
	const char *value = feature(c, name, &p);
	bool on = false;

	return value && option_bool(value, &on) && on;
}

bool lxcconf_has_raw(const struct config *c, const char *key)
{
	return section_find(c->sections, key) != NULL;
}

bool lxcconf_unprivileged(const struct config *c)
{
	return key_bool(c, "unprivileged") || idmap_is_own(c);
}

static bool own_profile(const struct config *c)
{
	return lxcconf_has_raw(c, "lxc.apparmor.profile");
}

bool lxcconf_asks_nodes(const struct config *c)
{
	/* A privileged one makes nodes itself. */
	return lxcconf_unprivileged(c) && lxcconf_feature(c, "mknod");
}

bool lxcconf_loses_features(const struct config *c)
{
	auto_properties p = { 0 };

	return own_profile(c) && (lxcconf_feature(c, "nesting") || lxcconf_feature(c, "fuse") ||
				  feature(c, "mount", &p));
}

/* ---- AppArmor ---- */

static void put_mountable(const char *types, FILE *out)
{
	while (types && *types) {
		size_t n = strcspn(types, ";");

		fprintf(out, "lxc.apparmor.raw = mount fstype=%.*s,\n", (int)n, types);
		types += n + (types[n] == ';');
	}
}

static void put_apparmor(const struct build *b, FILE *out)
{
	auto_properties p = { 0 };

	if (own_profile(b->config))
		return;
	fputs("lxc.apparmor.profile = generated\n", out);
	if (lxcconf_feature(b->config, "nesting"))
		fputs("lxc.apparmor.allow_nesting = 1\n", out);
	put_mountable(feature(b->config, "mount", &p), out);
	if (lxcconf_feature(b->config, "fuse"))
		fputs("lxc.apparmor.raw = mount fstype=fuse,\n"
		      "lxc.apparmor.raw = mount fstype=fuse.*,\n",
		      out);
}

/* ---- features ---- */

/*
 * A container in it mounts a procfs of its own, which the kernel allows where one is that nothing
 * covers: these two.
 */
static void put_nesting(FILE *out)
{
	fputs("lxc.mount.entry = proc dev/.lxc/proc proc create=dir,optional 0 0\n"
	      "lxc.mount.entry = sys dev/.lxc/sys sysfs create=dir,optional 0 0\n",
	      out);
}

int lines_features(const struct build *b, const char *value, FILE *out)
{
	(void)value;
	put_apparmor(b, out);
	if (lxcconf_feature(b->config, "nesting"))
		put_nesting(out);
	return 0;
}

/* ---- users ---- */

int lines_unprivileged(const struct build *b, const char *value, FILE *out)
{
	bool on;

	if (!option_bool(value, &on))
		return -EINVAL;
	/* A privileged root could end the host's FUSE file systems there, pctfs among them. */
	if (!lxcconf_unprivileged(b->config)) {
		fputs("lxc.mount.entry = none sys/fs/fuse/connections tmpfs "
		      "ro,nosuid,nodev,noexec,size=4k,mode=555,optional 0 0\n",
		      out);
		return 0;
	}
	/* userns.conf has sys:rw: all of /sys writable that its root may write. */
	if (!lxcconf_feature(b->config, "force_rw_sys"))
		fputs("lxc.mount.auto = sys:mixed\n", out);
	if (!idmap_is_own(b->config))
		fprintf(out,
			"lxc.idmap = u 0 %u %u\n"
			"lxc.idmap = g 0 %u %u\n",
			IDMAP_FIRST, IDMAP_COUNT, IDMAP_FIRST, IDMAP_COUNT);
	return 0;
}

/* ---- devices ---- */

/* For both kinds of host, as LXC's own: each leaves out the other's. */
static void put_device(const char *what, char kind, const char *rest, FILE *out)
{
	fprintf(out, "lxc.cgroup2.devices.%s = %c %s\n", what, kind, rest);
	fprintf(out, "lxc.cgroup.devices.%s = %c %s\n", what, kind, rest);
}

/*
 * An unprivileged container's cgroup allows all devices, as it cannot make their nodes; a
 * privileged one's none but some.
 */
int lines_dev(const struct build *b, unsigned number, const char *value, FILE *out)
{
	const struct option *o = &key_find("dev0")->option;
	const struct device_number *d = b->devices ? &b->devices[number] : NULL;
	auto_properties p = { 0 };
	char node[40];

	if (properties_read(o, value, &p) < 0 || !properties_get(&p, "path"))
		return -EINVAL;
	if (!d || !d->kind)
		return -ENODEV;
	snprintf(node, sizeof(node), "%u:%u ", d->major, d->minor);
	if (!lxcconf_unprivileged(b->config)) {
		strcat(node, properties_bool(&p, "deny-write") ? "r" : "rw");
		put_device("allow", d->kind, node, out);
	} else if (properties_bool(&p, "deny-write")) {
		strcat(node, "w");
		fputs("lxc.cgroup2.devices.allow = a\n", out);
		put_device("deny", d->kind, node, out);
	}
	return 0;
}

int lines_console(const struct build *b, const char *value, FILE *out)
{
	bool on;

	if (!option_bool(value, &on))
		return -EINVAL;
	if (on)
		return 0;
	fputs("lxc.console.path = none\n", out);
	if (!lxcconf_unprivileged(b->config))
		put_device("deny", 'c', "5:1 rwm", out);
	return 0;
}

/* ---- system calls ---- */

#define BTRFS_IOCTL 0x94

void lxcconf_rules(const struct config *c, FILE *out)
{
	rules_put(key_bool(c, "sysinfo") ? CALLS_ASKED : CALLS_HOST, key_bool(c, "procmounts"),
		  out);
	if (!lxcconf_unprivileged(c))
		return;
	if (lxcconf_asks_nodes(c))
		rules_put_nodes(out);
	if (!lxcconf_feature(c, "keyctl"))
		fprintf(out, "keyctl errno %d\n", ENOSYS);
	/* btrfs lets any user make and remove subvolumes, which quotas and backups do not expect.
	 */
	fprintf(out, "ioctl errno %d [1,0x%x,SCMP_CMP_MASKED_EQ,0xff00]\n", EPERM,
		BTRFS_IOCTL << 8);
	/* The kernel's own ciphers for every user: much attack surface, few users. */
	fprintf(out, "socket errno %d [0,%d,SCMP_CMP_EQ]\n", EAFNOSUPPORT, AF_ALG);
}

void lxcconf_rules_alone(const char *rules, FILE *out)
{
	while (*rules) {
		size_t n = strcspn(rules, "\n");
		const char *notify = memmem(rules, n, " notify", strlen(" notify"));

		if (!notify)
			fprintf(out, "%.*s\n", (int)n, rules);
		else if (strncmp(rules, "sysinfo ", strlen("sysinfo ")) == 0)
			fprintf(out, "sysinfo errno %d\n", ENOSYS);
		rules += n + (rules[n] == '\n');
	}
}
