// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What liblxc is told: whole configs against tests/golden/pct/NAME for the three kinds of host,
 * whole rules for system calls, and single lines for values at their ends. GOLDEN=write writes the
 * files anew.
 */
#include <check.h>
#undef fail /* ours is another one */

#include "base/base.h"
#include "base/rules.h"
#include "pct/conf/keys.h"
#include "pct/conf/raw.h"
#include "pct/ct/cores.h"
#include "pct/ct/host.h"
#include "pct/ct/log.h"
#include "pct/ct/lxc.h"
#include "pct/ct/lxcconf.h"
#include "pct/ct/place.h"
#include "pct/ct/remap.h"
#include "pct/ct/subid.h"
#include "pct/paths.h"

// clang-format off
#define ALL(o) { [CGV_MEMORY] = o, [CGV_CPU] = o, [CGV_CPUACCT] = o, [CGV_CPUSET] = o, \
		 [CGV_IO] = o, [CGV_PIDS] = o }

static const struct host_layout
	v1     = { .owner = ALL(CGV_V1), .swap = true, .cpus.bits = { 0xff }, .pids = 32768 },
	v2     = { .owner = ALL(CGV_V2), .swap = true, .cpus.bits = { 0xff }, .pids = 32768 },
	/* As a host booted with cgroup_no_v1=memory. */
	hybrid = { .owner = { [CGV_MEMORY] = CGV_V2, [CGV_CPU] = CGV_V1, [CGV_CPUSET] = CGV_V1,
			      [CGV_PIDS] = CGV_V2 },
		   .swap = true, .cpus.bits = { 0xff }, .pids = 16384 },
	noswap = { .owner = ALL(CGV_V1), .cpus.bits = { 0xff } },
	bare   = { .cpus.bits = { 0xff } };
// clang-format on

static const char small[] = "arch: amd64\n"
			    "cores: 2\n"
			    "cpulimit: 0.5\n"
			    "cpuunits: 20000\n"
			    "hostname: web\n"
			    "memory: 256\n"
			    "ostype: busybox\n"
			    "rootfs: local:100/subvol-100-disk-0.subvol\n"
			    "swap: 128\n"
			    "unprivileged: 1\n";
static const char plain[] = "rootfs: local:100/subvol-100-disk-0.subvol\n";
static const char raw[] = "entrypoint: /init --x\n"
			  "rootfs: local:100/subvol-100-disk-0.subvol\n"
			  "cores: 1\n"
			  "lxc.cgroup2.cpuset.cpus: 7\n"
			  "lxc.environment.runtime: A=b\n"
			  "lxc.mount.entry = x y none bind\n";

static const char features[] = "console: 0\n"
			       "debug: 1\n"
			       "dev0: /dev/fuse,deny-write=1\n"
			       "dev3: /dev/loop0\n"
			       "features: fuse=1,force_rw_sys=1,mount=nfs;cifs,nesting=1\n"
			       "mp0: /srv,mp=/srv\n"
			       "rootfs: local:100/subvol-100-disk-0.subvol\n"
			       "unprivileged: 1\n";
static const char privileged[] = "console: 0\n"
				 "dev0: /dev/fuse,deny-write=1\n"
				 "dev3: /dev/loop0\n"
				 "features: nesting=0\n"
				 "rootfs: local:100/subvol-100-disk-0.subvol\n"
				 "lxc.apparmor.profile: unconfined\n";
static const char net[] =
    "rootfs: local:100/subvol-100-disk-0.subvol\n"
    "net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=192.0.2.7/24,gw=192.0.2.1,"
    "ip6=2001:db8::7/64,gw6=fe80::1,firewall=1,tag=5,rate=2.5,type=veth\n"
    "net2: name=lan,bridge=vmbr1,ip=dhcp,ip6=auto,mtu=1400,link_down=1\n"
    "net12: name=eth2,hwaddr=BC:24:11:00:00:02,ip=manual,gw=192.0.2.1,unknown=1\n";

static const struct {
	const char *name, *conf;
	const struct host_layout *host;
} wholes[] = {
	{ "small-v1", small, &v1 },
	{ "small-v2", small, &v2 },
	{ "small-hybrid", small, &hybrid },
	{ "plain-v1", plain, &v1 },
	{ "plain-v2", plain, &v2 },
	{ "raw-v2", raw, &v2 },
	{ "small-noswap", small, &noswap },
	{ "small-bare", small, &bare },
	{ "features-v1", features, &v1 },
	{ "features-v2", features, &v2 },
	{ "features-hybrid", features, &hybrid },
	{ "privileged-v1", privileged, &v1 },
	{ "privileged-v2", privileged, &v2 },
	{ "net-v2", net, &v2 },
};

static int build(const char *conf, const struct host_layout *host, char **text, const char **key)
{
	static const struct cgv_cpuset cpus = { { 0x29 } };
	static const struct device_number devices[256] = { { 'c', 10, 229 }, [3] = { 'b', 7, 0 } };
	CLEANUP(config_free) struct config c = { 0 };
	struct build b = {
		.vmid = 100,
		.config = &c,
		.host = host,
		.top = "lxc",
		.dir = "/var/lib/pct/lxc/100",
		.rootfs = "/var/lib/pct/images/100/subvol-100-disk-0.subvol",
		.tools = "/opt/a tool's dir/sbin",
		.run = "/run/pct",
		.devices = devices,
		.boot = 27404,
		.monotonic = 27311,
	};
	size_t n;
	FILE *out = open_memstream(text, &n);
	int r;

	ck_assert_int_eq(config_parse(conf, strlen(conf), &c, NULL), 0);
	b.mounts = config_get(&c, "mp0") != NULL;
	if (config_get(&c, "cores"))
		b.cpus = &cpus;
	r = lxcconf_write(&b, out, key);
	fclose(out);
	return r;
}

static char *read_golden(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 65536);

	ck_assert_msg(f != NULL, "%s is not there; GOLDEN=write makes it", path);
	ck_assert_uint_lt(fread(text, 1, 65535, f), 65535);
	fclose(f);
	return text;
}

static void compare(const char *path, const char *text)
{
	auto_free char *golden = NULL;
	const char *mode = getenv("GOLDEN");

	if (mode && strcmp(mode, "write") == 0) {
		FILE *f = fopen(path, "w");

		ck_assert_ptr_nonnull(f);
		fputs(text, f);
		fclose(f);
	}
	golden = read_golden(path);
	ck_assert_str_eq(text, golden);
}

START_TEST(tells_liblxc_what_the_golden_file_says)
{
	auto_free char *path = text_of("tests/golden/pct/%s.config", wholes[_i].name);
	auto_free char *text = NULL;
	const char *key = NULL;

	ck_assert_int_eq(build(wholes[_i].conf, wholes[_i].host, &text, &key), 0);
	compare(path, text);
}
END_TEST

/* A line of a conf, and one that must come of it, or with "!" before it must not. */
static const struct {
	const char *conf;
	const struct host_layout *host;
	const char *line;
} lines[] = {
	{ "memory: 16383\n", &v2, "lxc.cgroup2.memory.high = 17044611072\n" },
	{ "memory: 16384\n", &v2, "lxc.cgroup2.memory.high = 17045651456\n" },
	{ "memory: 1048576\n", &v1, "lxc.cgroup.memory.limit_in_bytes = 1099511627776\n" },
	{ "", &v1, "lxc.cgroup.memory.memsw.limit_in_bytes = 536870912\n" },
	{ "", &v2, "lxc.cgroup2.memory.swap.max = 0\n" },
	{ "swap: 100\n", &noswap, "!memsw" },
	{ "cpulimit: 0\n", &v2, "!cpu.max" },
	{ "cpulimit: 0.001\n", &v2, "lxc.cgroup2.cpu.max = 1000 100000\n" },
	{ "cpulimit: 1.25\n", &v1, "lxc.cgroup.cpu.cfs_quota_us = 125000\n" },
	{ "cpulimit: 8192\n", &v1, "lxc.cgroup.cpu.cfs_quota_us = 819200000\n" },
	{ "", &v2, "!cpu.weight" },
	{ "cpuunits: 0\n", &v2, "lxc.cgroup2.cpu.weight = 1\n" },
	{ "cpuunits: 0\n", &v1, "lxc.cgroup.cpu.shares = 2\n" },
	{ "", &v1, "lxc.cgroup.cpu.shares = 1024\n" },
	{ "cores: 3\n", &v1, "lxc.cgroup.cpuset.cpus = 0,3,5\n" },
	{ "cores: 3\n", &bare, "!cpuset" },
	{ "", &v1, "!cpuset.cpus" },
	{ "ostype: redhat\n", &v1, "!lxc.signal" },
	{ "ostype: debian\n", &v1, "!lxc.signal" },
	{ "", &v1, "lxc.uts.name = CT100\n" },
	{ "", &v1, "!lxc.idmap" },
	{ "", &v1, "!lxc.init.cmd" },
	{ "unprivileged: yes\n", &v1, "lxc.idmap = g 0 100000 65536\n" },
	{ "", &v1, "/opt/a\\ tool\\'s\\ dir/sbin/pct-launch lxc --strict" },
};

START_TEST(writes_the_line_a_value_asks_for)
{
	auto_free char *conf = text_of("%s%s", plain, lines[_i].conf);
	auto_free char *text = NULL;
	const char *line = lines[_i].line, *key;

	ck_assert_int_eq(build(conf, lines[_i].host, &text, &key), 0);
	if (*line == '!')
		ck_assert_msg(!strstr(text, line + 1), "\"%s\" is in: %s", line + 1, text);
	else
		ck_assert_msg(strstr(text, line), "no \"%s\" in: %s", line, text);
}
END_TEST

/* A line of the user's, and two that must come in this order, or with "!" one that must not. */
static const struct {
	const char *conf, *first, *second;
} orders[] = {
	{ "lxc.hook.start-host =\n", "lxc.hook.start-host = \n", "lxc.hook.start-host = /opt" },
	{ "lxc.hook.post-stop: x\n", "lxc.hook.post-stop = x\n", "lxc.hook.post-stop = /opt" },
	{ "lxc.hook: x\n", "lxc.hook = x\n", "lxc.hook.start-host = /opt" },
	{ "lxc.seccomp.notify.proxy: x\n", "proxy = x\n", "proxy = unix:/run/pct/seccomp.sock\n" },
	{ "lxc.seccomp.notify.proxy: x\n", "proxy = x\n", "profile = /var/lib/pct" },
	{ "lxc.seccomp.profile: x\n", "notify.proxy = unix:/run/pct", "profile = x\n" },
	{ "lxc.seccomp.profile: x\n", "profile = x\n", "lxc.hook.start-host = /opt" },
	{ "lxc.seccomp.profile: x\n", "!rules.seccomp", "" },
	{ "sysinfo: 0\nprocmounts: 0\n", "!notify.proxy", "" },
	{ "sysinfo: 0\n", "notify.proxy", "lxc.hook.start-host = /opt" },
	{ "procmounts: 0\n", "notify.proxy", "lxc.hook.start-host = /opt" },
	{ "sysinfo: 0\nprocmounts: 0\nunprivileged: 1\nfeatures: mknod=1\n", "notify.proxy",
	  "lxc.hook.start-host = /opt" },
	{ "sysinfo: 0\nprocmounts: 0\nfeatures: mknod=1\n", "!notify.proxy", "" },
	{ "sysinfo: 0\n", "rules.seccomp", "lxc.hook.start-host = /opt" },
	{ "lxc.monitor.unshare: 0\n", "unshare = 0\n", "unshare = 1\n" },
	{ "lxc.cgroup.dir: x\n", "dir = x\n", "dir.container = lxc/100\n" },
	{ "lxc.idmap: u 0 7 8\n", "!100000", "" },
	{ "unprivileged: 1\nlxc.idmap: u 0 7 8\n", "!100000", "" },
	{ "lxc.idmap: u 0 7 8\n", "userns.conf", "lxc.mount.auto = sys:mixed\n" },
	{ "lxc.idmap: u 0 7 8\n", "!fuse/connections", "" },
	{ "unprivileged: 1\n", "!fuse/connections", "" },
	{ "lxc.apparmor.profile: x\nfeatures: fuse=1,nesting=1,mount=nfs\n", "!apparmor.raw", "" },
	{ "lxc.apparmor.profile: x\n", "!generated", "" },
	{ "lxc.utsname: x\n", "uts.name = CT100\n", "lxc.uts.name = x\n" },
	{ "lxc.environment.runtime: A=b\n", "environment = TERM", "lxc.environment = A=b\n" },
	{ "entrypoint: /sbin/init\n", "!dev/shm", "" },
	{ "features: force_rw_sys=1\nunprivileged: 1\n", "!sys:mixed", "" },
	{ "lxc.log.level: 1\n", "lxc.log.level = DEBUG\n", "lxc.log.level = 1\n" },
};

START_TEST(keeps_its_own_lines_from_being_taken_back)
{
	auto_free char *conf = text_of("%s%s", plain, orders[_i].conf);
	auto_free char *text = NULL;
	const char *first = orders[_i].first, *at, *key;

	ck_assert_int_eq(build(conf, &v2, &text, &key), 0);
	if (*first == '!') {
		ck_assert_ptr_null(strstr(text, first + 1));
		return;
	}
	at = strstr(text, first);
	ck_assert_msg(at && strstr(at, orders[_i].second), "no \"%s\", then \"%s\" in: %s", first,
		      orders[_i].second, text);
}
END_TEST

/* The file is lenient, a limit is not: what cannot be applied is named, never left out. */
static const struct {
	const char *conf, *key;
} unusable[] = {
	{ "memory: lots\n", "memory" },
	{ "memory: 0\n", "memory" },
	{ "memory: 1.5\n", "memory" },
	{ "memory: 9223372036854775807\n", "memory" },
	{ "swap: -1\n", "swap" },
	{ "cores: 0\n", "cores" },
	{ "cores: many\n", "cores" },
	{ "cpulimit: 1,5\n", "cpulimit" },
	{ "cpulimit: 9000\n", "cpulimit" },
	{ "cpuunits: x\n", "cpuunits" },
	{ "unprivileged: 2\n", "unprivileged" },
};

START_TEST(names_the_key_whose_value_cannot_be_used)
{
	auto_free char *conf = text_of("%s%s", plain, unusable[_i].conf);
	auto_free char *text = NULL;
	const char *key = NULL;

	ck_assert_int_lt(build(conf, &v2, &text, &key), 0);
	ck_assert_str_eq(key, unusable[_i].key);
}
END_TEST

START_TEST(refuses_a_device_whose_number_is_not_known)
{
	auto_free char *conf = text_of("%sdev7: /dev/gone\n", plain);
	auto_free char *text = NULL;
	const char *key = NULL;

	ck_assert_int_eq(build(conf, &v2, &text, &key), -ENODEV);
}
END_TEST

START_TEST(refuses_a_container_without_a_rootfs)
{
	auto_free char *text = NULL;
	const char *key = NULL;

	ck_assert_int_eq(build("memory: 512\n", &v1, &text, &key), -EINVAL);
	ck_assert_str_eq(key, "rootfs");
}
END_TEST

START_TEST(picks_the_cpus_that_are_used_least)
{
	static const struct {
		uint64_t allowed;
		unsigned used[8], n;
		uint64_t picked; /* 0: nothing to pick */
	} cases[] = {
		{ 0x0f, { 0 }, 1, 0x01 }, { 0x0f, { 0 }, 2, 0x03 },
		{ 0x0f, { 1 }, 1, 0x02 }, { 0x0f, { 1, 1, 0, 1 }, 2, 0x05 },
		{ 0xa0, { 0 }, 1, 0x20 }, { 0x0f, { 3, 2, 1, 0 }, 2, 0x0c },
		{ 0x0f, { 0 }, 4, 0 },	  { 0x0f, { 0 }, 9, 0 },
	};
	auto_free unsigned *used = calloc(CGV_MAX_CPUS, sizeof(*used));

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cgv_cpuset allowed = { { cases[i].allowed } }, picked;

		memcpy(used, cases[i].used, sizeof(cases[i].used));
		ck_assert_int_eq(cores_pick(&allowed, used, cases[i].n, &picked),
				 cases[i].picked != 0);
		if (cases[i].picked)
			ck_assert_uint_eq(picked.bits[0], cases[i].picked);
	}
}
END_TEST

START_TEST(knows_which_cgroup_a_root_has)
{
	char top[CGROUP_TOP];

	unsetenv("PCT_ROOT");
	cgroup_top(top);
	ck_assert_str_eq(top, "lxc");
	setenv("PCT_ROOT", "/tmp/a", 1);
	cgroup_top(top);
	ck_assert_str_eq(top, "pct-1828ba67");
	unsetenv("PCT_ROOT");
}
END_TEST

START_TEST(knows_which_subids_cover_the_range)
{
	ck_assert(subids_cover("root:100000:65536\n", 100000, 65536));
	ck_assert(subids_cover("a:1:2\n0:1:1000000\n", 100000, 65536));
	ck_assert(!subids_cover("", 100000, 65536));
	ck_assert(!subids_cover("root:100000:65535\n", 100000, 65536));
	ck_assert(!subids_cover("root:100001:65536\n", 100000, 65536));
	ck_assert(!subids_cover("lxd:100000:65536\n", 100000, 65536));
	ck_assert(!subids_cover("root:100000\nroot\nroot:x:y\n", 100000, 65536));
	ck_assert(!subids_cover("root:1:5\n", 100000, 65536));
}
END_TEST

START_TEST(takes_the_first_error_from_a_log)
{
	static const struct {
		const char *log, *error;
	} cases[] = {
		{ "", NULL },
		{ "lxc 100 2026 INFO     start - ../a.c:f:1 - fine\n", NULL },
		{ "lxc 100 2026 WARN     start - ../a.c:f:1 - hm\n"
		  "lxc 100 2026 ERROR    start - ../a.c:f:1 - first - of all\n"
		  "lxc 100 2026 ERROR    start - ../a.c:f:1 - second\n",
		  "first - of all" },
		{ "lxc 100 2026 DEBUG    conf - ../a.c:f:1 - Script exec x produced output: why\n"
		  "lxc 100 2026 ERROR    conf - ../a.c:f:1 - Script exited with status 1\n",
		  "why" },
		{ "lxc 100 2026 INFO     conf - ../a.c:f:1 - Executing script \"/bin/true\" for "
		  "container \"100\", config section \"lxc\"\n"
		  "lxc 100 2026 DEBUG    conf - ../a.c:f:1 - Script exec x produced output: fine\n"
		  "lxc 100 2026 INFO     conf - ../a.c:f:1 - Executing script \"/bin/no\" for "
		  "container \"100\", config section \"lxc\"\n"
		  "lxc 100 2026 ERROR    conf - ../a.c:f:1 - Script exited with status 1\n",
		  "hook '/bin/no': Script exited with status 1" },
		{ "ERROR\n ERROR ERROR ERROR ERROR ERROR\n", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *error = ct_log_error(cases[i].log);

		if (cases[i].error)
			ck_assert_pstr_eq(error, cases[i].error);
		else
			ck_assert_ptr_null(error);
	}
}
END_TEST

START_TEST(names_the_command_socket_as_liblxc_does)
{
	char name[CT_SOCKET], path[120];

	ct_socket("/var/lib/pct/lxc", "100", name);
	ck_assert_str_eq(name, "/var/lib/pct/lxc/100/command");
	memset(path, 'a', sizeof(path));
	path[93] = '\0';
	ct_socket(path, "100", name);
	ck_assert_uint_eq(strlen(name), 105);
	path[93] = 'a';
	path[94] = '\0';
	ct_socket(path, "100", name);
	ck_assert_uint_eq(strlen(name), strlen("lxc/0123456789abcdef/command"));
}
END_TEST

static char *rules(enum rules_calls sysinfo, bool mounts)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	rules_put(sysinfo, mounts, out);
	fclose(out);
	return text;
}

START_TEST(mounts_are_asked_about_only_where_there_is_an_answer)
{
	auto_free char *without = rules(CALLS_ASKED, false), *alone = rules(CALLS_NONE, false);

	ck_assert_ptr_null(strstr(without, "mount notify"));
	ck_assert_ptr_nonnull(strstr(without, "sysinfo notify"));
	ck_assert_ptr_null(strstr(alone, "notify"));
}
END_TEST

static char *rules_of(const char *conf)
{
	CLEANUP(config_free) struct config c = { 0 };
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	ck_assert_int_eq(config_parse(conf, strlen(conf), &c, NULL), 0);
	lxcconf_rules(&c, out);
	fclose(out);
	return text;
}

static const struct {
	const char *name, *conf;
} rule_files[] = {
	{ "unprivileged", "unprivileged: 1\n" },
	{ "privileged", "" },
	{ "privileged", "features: mknod=1\n" },
	{ "mknod", "unprivileged: 1\nfeatures: mknod=1\n" },
	{ "mknod-alone", "sysinfo: 0\nprocmounts: 0\nlxc.idmap: u 0 1 2\nfeatures: mknod=1\n" },
};

START_TEST(filters_calls_as_the_golden_file_says)
{
	auto_free char *path = text_of("tests/golden/pct/%s.rules", rule_files[_i].name);
	auto_free char *text = rules_of(rule_files[_i].conf);

	compare(path, text);
}
END_TEST

START_TEST(denies_calls_of_unprivileged_ones)
{
	auto_free char *own = rules_of("unprivileged: 1\n"),
		       *ids = rules_of("lxc.idmap: u 0 1 2\n");
	auto_free char *allowed = rules_of("unprivileged: 1\nfeatures: keyctl=1\n");
	auto_free char *root = rules_of("");

	ck_assert_str_eq(own, ids);
	ck_assert_ptr_nonnull(strstr(own, "\nkeyctl errno 38\n"));
	ck_assert_ptr_nonnull(
	    strstr(own, "\nioctl errno 1 [1,0x9400,SCMP_CMP_MASKED_EQ,0xff00]\n"));
	ck_assert_ptr_nonnull(strstr(own, "\nsocket errno 97 [0,38,SCMP_CMP_EQ]\n"));
	ck_assert_ptr_null(strstr(allowed, "keyctl"));
	ck_assert_ptr_nonnull(strstr(allowed, "socket errno"));
	ck_assert_ptr_null(strstr(root, "keyctl"));
	ck_assert_ptr_null(strstr(root, "socket"));
}
END_TEST

START_TEST(without_pctfs_denies_as_before)
{
	auto_free char *with = rules_of("unprivileged: 1\n"), *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	lxcconf_rules_alone(with, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(with, "mount notify"));
	ck_assert_ptr_null(strstr(text, "notify"));
	ck_assert_ptr_nonnull(strstr(text, "sysinfo errno 38\n"));
	ck_assert_ptr_nonnull(strstr(text, "socket errno 97"));
	ck_assert_int_eq(strncmp(text, "2\ndenylist\n", 11), 0);
}
END_TEST

/* A line, and why it cannot be; NULL: it can. */
static const struct {
	const char *key, *value, *why;
} raws[] = {
	{ "lxc.cap.drop", "mknod", NULL },
	{ "lxc.cap.drop", "", NULL },
	{ "lxc.mount.entry", "a\tb none bind 0 0", NULL },
	{ "lxc.cgroup2.memory.max", "1", NULL },
	{ "lxc.cgroup.cpu.shares", "1", NULL },
	{ "lxc.hook.pre-start", "/x", NULL },
	{ "lxc.prlimit.nofile", "1", NULL },
	{ "lxc.limit.nofile", "1", NULL },
	{ "lxc.utsname", "x", NULL },
	{ "lxc.environment.runtime", "A=b", NULL },
	{ "lxc.rootfs.path", "/", "cannot be set: use 'rootfs'" },
	{ "lxc.rootfs", "/", "cannot be set: use 'rootfs'" },
	{ "lxc.rootfs.options", "x", "mountoptions" },
	{ "lxc.network.type", "veth", "net0" },
	{ "lxc.cgroup.dir.container", "x", "which cgroups" },
	{ "lxc.cgroup.relative", "1", "which cgroups" },
	{ "lxc.monitor.unshare", "0", "monitor" },
	{ "lxc.namespace.share.net", "1", "somebody else's" },
	{ "lxc.namespace.keep", "user", "somebody else's" },
	{ "lxc.log.file", "/etc/passwd", "its log" },
	{ "lxc.time.offset.boot", "1s", "clocks" },
	{ "lxc.cgroup.", "x", "no key" },
	{ "lxc.hook", "x", "no key" },
	{ "lxc.limit.nothing", "1", "no key" },
	{ "lxc.", "1", "no key" },
	{ "lxc.cap.drop", "x\nlxc.hook.start = y", "control character" },
	{ "lxc.cap.drop", "x\ry", "control character" },
};

START_TEST(knows_which_raw_lines_there_may_be)
{
	char why[RAW_WHY] = "";
	const char *said = raw_refused(raws[_i].key, raws[_i].value, why);

	if (!raws[_i].why)
		ck_assert_ptr_null(said);
	else
		ck_assert_msg(said && strstr(said, raws[_i].why), "%s: %s", raws[_i].key, said);
}
END_TEST

START_TEST(knows_whose_ids_are_whose)
{
	static const char own[] = "lxc.idmap: u 0 100000 1000\n"
				  "lxc.idmap: u 1000 1000 1\n"
				  "lxc.idmap: u 1001 101001 64535\n"
				  "lxc.idmap: b 5000 7 8\n";
	static const char *const bad[] = { "u 0 1",   "u 0 1 0", "x 0 1 2",	     "u 0 1 2 3",
					   "u a 1 2", "",	 "u 0 4294967295 2", "uu 0 1 2",
					   "u -1 1 1" };
	CLEANUP(config_free) struct config c = { 0 };
	auto_free struct idmap *m = calloc(1, sizeof(*m));
	auto_free char *text = NULL;

	ck_assert_int_eq(config_parse(own, strlen(own), &c, NULL), 0);
	ck_assert_int_eq(idmap_read(&c, m), 0);
	ck_assert_uint_eq(idmap_outside(m, 'u', 999), 100999);
	ck_assert_uint_eq(idmap_outside(m, 'u', 1000), 1000);
	ck_assert_uint_eq(idmap_outside(m, 'u', 1001), 101001);
	ck_assert_uint_eq(idmap_outside(m, 'u', 65536), IDMAP_NONE);
	ck_assert_uint_eq(idmap_outside(m, 'g', 0), IDMAP_NONE);
	ck_assert_uint_eq(idmap_outside(m, 'g', 5001), 8);
	/* A range across those: three. */
	text = remap_text("u:998:50:4;g:5000:1:1", m, 'u');
	ck_assert_pstr_eq(text, "50 100998 2\n52 1000 1\n53 101001 1\n");
	ck_assert_ptr_null(remap_text("u:65535:0:2", m, 'u'));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		config_unset(&c, "lxc.idmap");
		ck_assert_int_eq(config_set_raw(&c, "lxc.idmap", bad[i]), 0);
		ck_assert_msg(idmap_read(&c, m) == -EINVAL, "%s", bad[i]);
	}
	config_unset(&c, "lxc.idmap");
	ck_assert_int_eq(idmap_read(&c, m), 0);
	ck_assert_uint_eq(idmap_outside(m, 'u', 5), 5);
}
END_TEST

/* What a mount may be on, and how; NULL: refused. */
static const struct {
	const char *name, *value, *path;
} placed[] = {
	{ "mp0", "/srv,mp=/a//b/", "/a/b" },	 { "mp0", "/srv,mp=/process", "/process" },
	{ "mp0", "/srv,mp=/dev/x", "/dev/x" },	 { "mp0", "/srv,mp=/proc", NULL },
	{ "mp0", "/srv,mp=//proc//sys", NULL },	 { "mp0", "/srv,mp=/sys/fs", NULL },
	{ "mp0", "/srv,mp=/dev", NULL },	 { "mp0", "/srv", NULL },
	{ "mp0", "local:4,mp=/x", NULL },	 { "dev0", "/dev/fuse", "/dev/fuse" },
	{ "dev0", "path=/dev/x/y", "/dev/x/y" }, { "dev0", "mode=0660", NULL },
	{ "mp0", "/srv,mp=/../x", NULL },	 { "mp0", "local:100/a,mp=/x", "/x" },
};

START_TEST(reads_what_is_to_be_mounted)
{
	auto_placing p = { 0 };
	int r;

	freopen("/dev/null", "w", stderr);
	r = placing_read(placed[_i].name, placed[_i].value, &p);
	ck_assert_int_eq(r == 0, placed[_i].path != NULL);
	if (r == 0)
		ck_assert_str_eq(p.path, placed[_i].path);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pct lxcconf");
	TCase *t = tcase_create("lxcconf");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, tells_liblxc_what_the_golden_file_says, 0, ARRAY_LEN(wholes));
	tcase_add_test(t, mounts_are_asked_about_only_where_there_is_an_answer);
	tcase_add_loop_test(t, writes_the_line_a_value_asks_for, 0, ARRAY_LEN(lines));
	tcase_add_loop_test(t, keeps_its_own_lines_from_being_taken_back, 0, ARRAY_LEN(orders));
	tcase_add_loop_test(t, names_the_key_whose_value_cannot_be_used, 0, ARRAY_LEN(unusable));
	tcase_add_test(t, refuses_a_device_whose_number_is_not_known);
	tcase_add_test(t, refuses_a_container_without_a_rootfs);
	tcase_add_test(t, picks_the_cpus_that_are_used_least);
	tcase_add_test(t, knows_which_cgroup_a_root_has);
	tcase_add_test(t, knows_which_subids_cover_the_range);
	tcase_add_test(t, takes_the_first_error_from_a_log);
	tcase_add_test(t, names_the_command_socket_as_liblxc_does);
	tcase_add_loop_test(t, filters_calls_as_the_golden_file_says, 0, ARRAY_LEN(rule_files));
	tcase_add_test(t, denies_calls_of_unprivileged_ones);
	tcase_add_test(t, without_pctfs_denies_as_before);
	tcase_add_loop_test(t, knows_which_raw_lines_there_may_be, 0, ARRAY_LEN(raws));
	tcase_add_test(t, knows_whose_ids_are_whose);
	tcase_add_loop_test(t, reads_what_is_to_be_mounted, 0, ARRAY_LEN(placed));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
