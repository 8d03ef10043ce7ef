// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>

#include "base/base.h"
#include "pct/conf/keys.h"
#include "pct/ct/lxcconf.h"

static const char *const archs[] = {
	"amd64", "i386", "arm64", "armhf", "riscv32", "riscv64", NULL
};

static const char *const locks[] = { "backup",	 "create",	    "destroyed", "disk",
				     "fstrim",	 "migrate",	    "mounted",	 "rollback",
				     "snapshot", "snapshot-delete", NULL };

/* busybox is ours: its init listens to other signals. */
static const char *const ostypes[] = { "alpine", "archlinux", "busybox", "centos", "debian",
				       "devuan", "fedora",    "gentoo",	 "nixos",  "opensuse",
				       "ubuntu", "unmanaged", NULL };

static const char *form_hostname(const char *text)
{
	static const char what[] = "a host name: letters, digits, '-' inside, parts joined by '.'";
	size_t part = 0;

	for (const char *p = text;; p++) {
		if (*p == '.' || !*p) {
			if (part == 0 || part > 63 || p[-1] == '-')
				return what;
			part = 0;
			if (!*p)
				return NULL;
			continue;
		}
		if (!isalnum((unsigned char)*p) && !(*p == '-' && part))
			return what;
		part++;
	}
}

static const char *form_entrypoint(const char *text)
{
	return *text == '/' ? NULL : "a program's absolute path";
}

static const char *form_tags(const char *text)
{
	bool first = true;

	for (const char *p = text; *p; p++) {
		bool word = islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_';

		if (*p == ';' && !first && p[1]) {
			first = true;
			continue;
		}
		if (!word && (first || !strchr("+.-", *p)))
			return "a list of tags like 'a;b-1': lower-case letters, digits, '_+.-'";
		first = false;
	}
	return NULL;
}

// clang-format off
const struct key keys[] = {
	{
		.option = { "arch", OPTION_WORD, .words = archs, .value = "<arch>",
			    .help = "CPU architecture; found out by itself" },
		.hotplug = HOTPLUG_START, .lines = lines_arch,
	}, {
		.option = { "cores", OPTION_INT, .min = 1, .max = 8192,
			    .help = "CPUs it may run on; all if not given" },
		.hotplug = HOTPLUG_LIVE, .lines = lines_cores,
	}, {
		.option = { "cpulimit", OPTION_NUMBER, .min = 0, .max = 8192,
			    .help = "CPU time it may use, in CPUs (0.5 is half of one); 0: no limit" },
		.fallback = "0", .hotplug = HOTPLUG_LIVE, .lines = lines_cpulimit,
	}, {
		.option = { "cpuunits", OPTION_INT, .min = 0, .max = 500000,
			    .help = "weight against other containers; 1024 on cgroup v1, 100 on v2" },
		.hotplug = HOTPLUG_LIVE, .lines = lines_cpuunits,
	}, {
		.option = { "description", OPTION_LINES, .min = 0, .max = 8192,
			    .help = "a note, kept as the comment of the config file" },
		.hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "entrypoint", OPTION_TEXT, .min = 1, .max = 4096, .value = "<command>",
			    .form = form_entrypoint,
			    .help = "what runs as its process 1" },
		.fallback = "/sbin/init", .hotplug = HOTPLUG_START, .lines = lines_entrypoint,
	}, {
		.option = { "hostname", OPTION_TEXT, .min = 1, .max = 255, .value = "<name>",
			    .form = form_hostname,
			    .help = "its host name; CT<vmid> if not given" },
		.hotplug = HOTPLUG_CONFIG, .lines = lines_hostname,
	}, {
		.option = { "lock", OPTION_WORD, .words = locks, .help = "the long operation under way" },
		.internal = true, .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "memory", OPTION_INT, .min = 16, .max = 1ll << 40, .value = "<MiB>",
			    .help = "memory it may use" },
		.fallback = "512", .created = "512", .hotplug = HOTPLUG_LIVE, .lines = lines_memory,
	}, {
		.option = { "onboot", OPTION_BOOL, .help = "start it when the host boots" },
		.fallback = "0", .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "ostype", OPTION_WORD, .words = ostypes, .value = "<type>",
			    .help = "kind of system inside; found out by itself" },
		.hotplug = HOTPLUG_START, .lines = lines_ostype,
	}, {
		.option = { "procmounts", OPTION_BOOL,
			    .help = "a /proc that it mounts itself shows its own machine, too" },
		.fallback = "1", .hotplug = HOTPLUG_START,
	}, {
		.option = { "protection", OPTION_BOOL, .help = "forbid destroying it" },
		.fallback = "0", .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "rootfs", OPTION_TEXT, .min = 1, .max = 4096, .value = "<volume>",
			    .help = "the volume it has as its root" },
		.internal = true, .hotplug = HOTPLUG_START, .lines = lines_rootfs,
	}, {
		.option = { "swap", OPTION_INT, .min = 0, .max = 1ll << 40, .value = "<MiB>",
			    .help = "swap it may use beside its memory" },
		.fallback = "0", .created = "512", .hotplug = HOTPLUG_LIVE, .lines = lines_swap,
	}, {
		.option = { "sysinfo", OPTION_BOOL,
			    .help = "sysinfo(2), which busybox and musl ask, shows its own machine, too" },
		.fallback = "1", .hotplug = HOTPLUG_START,
	}, {
		.option = { "tags", OPTION_TEXT, .min = 1, .max = 1024, .value = "<a;b>",
			    .form = form_tags,
			    .help = "words to find it by" },
		.hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "unprivileged", OPTION_BOOL,
			    .help = "its root is an ordinary user of the host; create's default is 1" },
		.fallback = "0", .created = "1", .hotplug = HOTPLUG_START,
		.lines = lines_unprivileged,
	},
};
// clang-format on

const size_t n_keys = ARRAY_LEN(keys);

const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < n_keys; i++)
		if (strcmp(keys[i].option.name, name) == 0)
			return &keys[i];
	return NULL;
}

const char *key_value(const struct config *c, const char *name)
{
	const char *value = config_get(c, name);
	const struct key *k = key_find(name);

	return value || !k ? value : k->fallback;
}

bool key_bool(const struct config *c, const char *name)
{
	const char *value = key_value(c, name);
	bool on = false;

	return value && option_bool(value, &on) && on;
}

int key_number(const struct config *c, const char *name, int64_t *millionths)
{
	const char *value = key_value(c, name);

	return value && option_number(value, millionths) ? 0 : -EINVAL;
}
