// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/rules.h"
#include "base/say.h"
#include "pct/conf/keys.h"
#include "pct/ct/host.h"
#include "pct/ct/start.h"
#include "pct/paths.h"

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
	rules_put(key_bool(b->config, "sysinfo") ? CALLS_ASKED : CALLS_HOST,
		  key_bool(b->config, "procmounts"), out);
	return 0;
}

static int put_rules_alone(const struct build *b, FILE *out, const char **key)
{
	(void)b, (void)key;
	rules_put(CALLS_NONE, false, out);
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

	/* One that was kept before is the one to be kept. */
	if (link(rules, kept) < 0 && errno != EEXIST)
		return fail(-errno, "keep '%s'", rules);
	return put_file(rules, put_rules_alone, NULL, NULL);
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

/* The CPUs of a container with `cores`: those its siblings use least. */
static bool pick_cpus(const struct cgv_host *h, const struct build *b, struct cgv_cpuset *out)
{
	auto_free unsigned *used = calloc(CGV_MAX_CPUS, sizeof(*used));
	int64_t cores;

	if (!used || key_number(b->config, "cores", &cores) < 0 || cores < NUMBER_SCALE)
		return false;
	host_cpus_used(h, b->top, b->vmid, used);
	return cores_pick(&b->host->cpus, used, (unsigned)MIN(cores / NUMBER_SCALE, 8192), out);
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

int start_prepare(unsigned vmid, const struct config *c)
{
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", vmid);
	auto_free char *run = path_to("run/pct");
	auto_free char *rootfs = NULL, *tools = NULL;
	const char *volume = config_get(c, "rootfs");
	char top[CGROUP_TOP];
	unsigned owner;
	struct host_layout layout;
	struct cgv_cpuset cpus;
	struct cgv_host h;
	struct build b = { .vmid = vmid, .config = c, .top = top, .dir = dir, .run = run };
	int r;

	if (!volume || volume_path(volume, &rootfs, &owner) < 0)
		return refuse(-EINVAL, "CT %u: its rootfs '%s' is on no storage pct knows", vmid,
			      volume ? volume : "");
	if (access(rootfs, F_OK) < 0)
		return fail(-errno, "find the rootfs of CT %u, '%s'", vmid, rootfs);
	r = paths_tools(&tools);
	if (r == 0)
		r = paths_make(dir, 0755);
	if (r == 0)
		r = host_open(&h, &layout);
	if (r < 0)
		return r;
	cgroup_top(top);
	b.host = &layout;
	b.rootfs = rootfs;
	b.tools = tools;
	read_clocks(&b);
	if (pick_cpus(&h, &b, &cpus))
		b.cpus = &cpus;
	r = write_files(&b);
	cgv_host_close(&h);
	return r;
}
