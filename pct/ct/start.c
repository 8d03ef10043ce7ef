// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/conf/raw.h"
#include "pct/ct/cores.h"
#include "pct/ct/dropins.h"
#include "pct/ct/host.h"
#include "pct/ct/mounts.h"
#include "pct/ct/start.h"
#include "pct/ct/volumes.h"
#include "pct/paths.h"

#define RULES_MAX  8192
#define LXC_CONFIG "/usr/share/lxc/config/"
#define DROPINS	   "/usr/share/lxc/config/common.conf.d"

int start_reachable(unsigned vmid, const char *dir)
{
	auto_free char *path = text_of("%s", dir);
	struct stat st;

	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (stat(path, &st) == 0 && !(st.st_mode & S_IXOTH))
			return refuse(-EACCES,
				      "CT %u is unprivileged and could not get to its files: "
				      "'%s' must be searchable by all (chmod o+x)",
				      vmid, path);
		*p = '/';
	}
	return 0;
}

static int put_file(const char *path, int (*put)(const struct build *, FILE *, const char **),
		    const struct build *b, const char **key)
{
	auto_free char *temp = text_of("%s.new", path);
	FILE *out = fopen(temp, "we");
	int r;

	if (!out)
		return fail(-errno, "write '%s'", temp);
	r = put(b, out, key);
	if (fclose(out) != 0 && r == 0)
		r = fail(-errno, "write '%s'", temp);
	if (r == 0 && rename(temp, path) < 0)
		r = fail(-errno, "write '%s'", path);
	if (r < 0)
		unlink(temp);
	return r;
}

static int put_config(const struct build *b, FILE *out, const char **key)
{
	int r = lxcconf_write(b, out, key);

	return r < 0 ? refuse(r,
			      "CT %u: its config's '%s' cannot be used: '%s'; correct it in '%s"
			      "/etc/pct/lxc/%u.conf'",
			      b->vmid, *key,
			      config_get(b->config, *key) ? config_get(b->config, *key) : "",
			      paths_root(), b->vmid)
		     : 0;
}

static int put_rules(const struct build *b, FILE *out, const char **key)
{
	(void)key;
	lxcconf_rules(b->config, out);
	return 0;
}

static int put_rules_alone(const struct build *b, FILE *out, const char **key)
{
	auto_free char *kept = text_of("%s/rules.kept", b->dir);
	auto_free char *text = calloc(1, RULES_MAX);
	auto_fd fd = open(kept, O_RDONLY | O_CLOEXEC);

	(void)key;
	if (!text || fd < 0 || read(fd, text, RULES_MAX - 1) < 0)
		return fail(-errno, "read '%s'", kept);
	lxcconf_rules_alone(text, out);
	return 0;
}

int start_rules_lock(const char *dir, int *out)
{
	auto_fd lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return fail(-errno, "lock '%s'", dir);
	*out = take_fd(&lock);
	return 0;
}

int start_rules_alone(const char *dir)
{
	auto_free char *rules = text_of("%s/rules.seccomp", dir);
	auto_free char *kept = text_of("%s/rules.kept", dir);
	struct build b = { .dir = dir };

	/* One that was kept before is the one to be kept. */
	if (link(rules, kept) < 0 && errno != EEXIST)
		return fail(-errno, "keep '%s'", rules);
	return put_file(rules, put_rules_alone, &b, NULL);
}

int start_rules_back(const char *dir)
{
	auto_free char *rules = text_of("%s/rules.seccomp", dir);
	auto_free char *kept = text_of("%s/rules.kept", dir);

	return rename(kept, rules) < 0 ? fail(-errno, "write '%s'", rules) : 0;
}

int start_rules_mend(const char *dir)
{
	auto_free char *kept = text_of("%s/rules.kept", dir);
	auto_fd lock = -EBADF;
	int r;

	if (access(kept, F_OK) < 0)
		return 0;
	r = start_rules_lock(dir, &lock);
	if (r < 0)
		return r;
	/* Whoever had them put them back, unless it was killed. */
	return access(kept, F_OK) < 0 ? 0 : start_rules_back(dir);
}

static int write_files(const struct build *b)
{
	auto_free char *config = text_of("%s/config", b->dir);
	auto_free char *rules = text_of("%s/rules.seccomp", b->dir);
	auto_free char *kept = text_of("%s/rules.kept", b->dir);
	const char *key = "";
	int r;

	/* Of a start before. */
	if (unlink(kept) < 0 && errno != ENOENT)
		return fail(-errno, "remove '%s'", kept);
	r = put_file(rules, put_rules, b, &key);
	if (r == 0)
		r = put_file(config, put_config, b, &key);
	if (r == 0 && lxcconf_own_seccomp(b->config))
		warn(0,
		     "CT %u: with its own lxc.seccomp.profile sysinfo(2) shows the host's memory "
		     "and uptime; remove that line from its conf to have it see its own",
		     b->vmid);
	return r;
}

static void read_clocks(struct build *b)
{
	struct timespec boot, monotonic;

	if (access("/proc/self/ns/time_for_children", F_OK) < 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &boot) < 0 ||
	    clock_gettime(CLOCK_MONOTONIC, &monotonic) < 0)
		return;
	b->boot = (uint64_t)boot.tv_sec;
	b->monotonic = (uint64_t)monotonic.tv_sec;
}

/* What cannot be done as the conf has it is said before anything is. */
static int check_raw(const struct build *b)
{
	const struct section *s = b->config->sections;
	char why[RAW_WHY];

	for (size_t i = 0; i < s->n; i++)
		if (entry_is_lxc(&s->entries[i]) &&
		    raw_refused(s->entries[i].key, s->entries[i].value, why))
			return refuse(-EINVAL,
				      "CT %u: %s; 'pct set %u --delete %s' takes that line away",
				      b->vmid, why, b->vmid, s->entries[i].key);
	return 0;
}

static void warn_features(const struct build *b)
{
	if (lxcconf_asks_nodes(b->config) && lxcconf_own_seccomp(b->config))
		warn(0,
		     "CT %u: with its own lxc.seccomp.profile its feature mknod does nothing; "
		     "remove that line from its conf",
		     b->vmid);
	if (lxcconf_loses_features(b->config))
		warn(0,
		     "CT %u: with its own lxc.apparmor.profile its features nesting, fuse and "
		     "mount change nothing in AppArmor",
		     b->vmid);
}

/* Of a controller that the host has in its other hierarchy liblxc takes it, and nothing happens. */
static void warn_idle(const struct build *b)
{
	static const struct {
		const char *name;
		enum cgv_controller controller;
	} names[] = {
		{ "memory.", CGV_MEMORY }, { "cpu.", CGV_CPU }, { "cpuset.", CGV_CPUSET },
		{ "pids.", CGV_PIDS },	   { "io.", CGV_IO },	{ "blkio.", CGV_IO },
	};
	const struct section *s = b->config->sections;

	for (size_t i = 0; i < s->n; i++) {
		const char *key = s->entries[i].key ? s->entries[i].key : "";
		bool v2 = strncmp(key, "lxc.cgroup2.", 12) == 0;
		const char *file = v2					  ? key + 12
				   : strncmp(key, "lxc.cgroup.", 11) == 0 ? key + 11
									  : "";

		for (size_t j = 0; j < ARRAY_LEN(names); j++)
			if (strncmp(file, names[j].name, strlen(names[j].name)) == 0 &&
			    b->host->owner[names[j].controller] != (v2 ? CGV_V2 : CGV_V1))
				warn(0,
				     "CT %u: '%s' limits nothing: this host has that controller "
				     "in cgroup v%d",
				     b->vmid, key, v2 ? 1 : 2);
	}
}

/* LXC has files for some kinds of system where its templates are installed. */
static char *lxc_file(const char *ostype, const char *kind)
{
	auto_free char *path = NULL, *name = NULL;

	if (!ostype || strchr(ostype, '/'))
		return NULL;
	name = text_of("%s.%s.conf", ostype, kind);
	path = text_of(LXC_CONFIG "%s", name);
	return access(path, R_OK) == 0 ? take_ptr(name) : NULL;
}

int start_check(unsigned vmid, const struct config *c)
{
	const struct build b = { .vmid = vmid, .config = c };
	int r = check_raw(&b);

	if (r == 0)
		warn_features(&b);
	return r < 0 ? r : ct_rootfs_check(vmid, c);
}

int start_prepare(unsigned vmid, const struct config *c, bool own_net)
{
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", vmid);
	auto_free char *run = path_to("run/pct");
	auto_free char *common = lxc_file(config_get(c, "ostype"), "common");
	auto_free char *userns = lxc_file(config_get(c, "ostype"), "userns");
	auto_free struct device_number *devices = calloc(DEVICES_MAX, sizeof(*devices));
	auto_free char *rootfs = ct_rootfs_path(vmid), *tools = NULL;
	auto_free char *dropins = dropins_without_lxcfs(DROPINS);
	char top[CGROUP_TOP];
	struct host_layout layout;
	struct cgv_cpuset cpus;
	struct cgv_host h;
	struct build b = { .vmid = vmid,
			   .config = c,
			   .top = top,
			   .dir = dir,
			   .run = run,
			   .common = common,
			   .userns = userns,
			   .devices = devices,
			   .own_net = own_net };
	int r = devices ? mounts_check(vmid, c, devices, &b.mounts)
			: fail(-ENOMEM, "start CT %u", vmid);

	if (r == 0)
		r = paths_tools(&tools);
	if (r == 0)
		r = paths_make(rootfs, 0755);
	if (r == 0)
		r = host_open(&h, &layout);
	if (r < 0)
		return r;
	cgroup_top(top);
	b.host = &layout;
	b.rootfs = rootfs;
	b.dropins = dropins;
	b.tools = tools;
	read_clocks(&b);
	warn_idle(&b);
	if (cores_choose(&h, &layout, c, vmid, &cpus))
		b.cpus = &cpus;
	r = write_files(&b);
	cgv_host_close(&h);
	return r;
}
