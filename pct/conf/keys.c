// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/conf/keys.h"
#include "base/base.h"
#include "pct/conf/forms.h"
#include "pct/conf/properties.h"
#include "pct/ct/apply.h"
#include "pct/ct/lxcconf.h"
#include "pct/ct/mounts.h"
#include "pct/net/net.h"
#include "pct/net/nic.h"

static const char *const archs[] = {
	"amd64", "i386", "arm64", "armhf", "riscv32", "riscv64", NULL
};

static const char *const cmodes[] = { "tty", "console", "shell", NULL };

static const char *const locks[] = { "backup",	 "create",	    "destroyed", "disk",
				     "fstrim",	 "migrate",	    "mounted",	 "rollback",
				     "snapshot", "snapshot-delete", NULL };

static const char *const snapstates[] = { "delete", "prepare", "rollback", NULL };

/* busybox is ours: its init listens to other signals. */
static const char *const ostypes[] = { "alpine",   "archlinux", "busybox",   "centos", "debian",
				       "devuan",   "fedora",	"gentoo",    "nixos",  "openeuler",
				       "opensuse", "ubuntu",	"unmanaged", NULL };

static const char separators[] = " ,;";

#define TEXT(n)	 .min = 1, .max = (n)
#define NUMBERED 256

// clang-format off
const struct key keys[] = {
	{
		.option = { "arch", OPTION_WORD, .words = archs, .value = "<arch>",
			    .help = "CPU architecture; found out by itself" },
		.hotplug = HOTPLUG_START, .lines = lines_arch,
	}, {
		.option = { "autosnap", OPTION_PROPERTIES, .properties = autosnap_properties,
			    .value = "<schedule>,keep-daily=<n>,...",
			    .help = "snapshots that are taken by the clock, and which of them stay" },
		.hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "cmode", OPTION_WORD, .words = cmodes,
			    .help = "what 'pct console' opens" },
		.fallback = "tty", .hotplug = HOTPLUG_START,
	}, {
		.option = { "console", OPTION_BOOL, .help = "it has a /dev/console" },
		.fallback = "1", .hotplug = HOTPLUG_START, .lines = lines_console,
	}, {
		.option = { "cores", OPTION_INT, .min = 1, .max = 8192,
			    .help = "CPUs it may run on; all if not given" },
		.hotplug = HOTPLUG_LIVE, .lines = lines_cores, .apply = apply_cores,
	}, {
		.option = { "cpulimit", OPTION_NUMBER, .min = 0, .max = 8192,
			    .help = "CPU time it may use, in CPUs (0.5 is half of one); 0: no limit" },
		.fallback = "0", .hotplug = HOTPLUG_LIVE, .lines = lines_cpulimit, .apply = apply_cpulimit,
	}, {
		.option = { "cpuunits", OPTION_INT, .min = 0, .max = 500000,
			    .help = "weight against other containers; 1024 on cgroup v1, 100 on v2" },
		.hotplug = HOTPLUG_LIVE, .lines = lines_cpuunits, .apply = apply_cpuunits,
	}, {
		.option = { "debug", OPTION_BOOL, .help = "LXC says all it can in its log" },
		.fallback = "0", .hotplug = HOTPLUG_START,
	}, {
		.option = { "description", OPTION_LINES, .min = 0, .max = 8192,
			    .help = "a note, kept as the comment of the config file" },
		.hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "dev", OPTION_PROPERTIES, .count = NUMBERED, .properties = device_properties,
			    .value = "<device>,...", .help = "a device of the host" },
		.hotplug = HOTPLUG_LIVE, .lines_of = lines_dev, .apply = apply_device,
	}, {
		.option = { "entrypoint", OPTION_TEXT, TEXT(4096), .value = "<command>",
			    .form = form_entrypoint,
			    .help = "what runs as its process 1, in words as a shell parts them" },
		.fallback = "/sbin/init", .hotplug = HOTPLUG_START, .lines = lines_entrypoint,
	}, {
		.option = { "env", OPTION_LIST, .max = 65536, .separators = "\n", .value = "<NAME=value>",
			    .form = form_variable,
			    .help = "a variable of its process 1" },
		.hotplug = HOTPLUG_START, .lines = lines_env,
	}, {
		.option = { "features", OPTION_PROPERTIES, .properties = feature_properties,
			    .value = "<feature=1>,...", .help = "what it may do beyond what all may" },
		.hotplug = HOTPLUG_START, .lines = lines_features,
	}, {
		.option = { "hookscript", OPTION_TEXT, TEXT(4096), .value = "<program>",
			    .form = form_command,
			    .help = "called with the VMID and pre-start, post-start, pre-stop, post-stop" },
		.hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "hostname", OPTION_TEXT, TEXT(255), .value = "<name>",
			    .form = form_hostname,
			    .help = "its host name; CT<vmid> if not given" },
		.hotplug = HOTPLUG_LIVE, .lines = lines_hostname, .apply = apply_hostname,
	}, {
		.option = { "lock", OPTION_WORD, .words = locks, .value = "<operation>", .help = "the long operation under way" },
		.internal = true, .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "memory", OPTION_INT, .min = 16, .max = 1ll << 40, .value = "<MiB>",
			    .help = "memory it may use" },
		.fallback = "512", .created = "512", .kept = true, .hotplug = HOTPLUG_LIVE,
		.lines = lines_memory, .apply = apply_memory,
	}, {
		.option = { "mp", OPTION_PROPERTIES, .count = NUMBERED, .properties = mount_properties,
			    .value = "<volume>,mp=<path>,...", .help = "a volume or directory mounted in it" },
		.disk = true, .hotplug = HOTPLUG_LIVE, .apply = apply_mount,
	}, {
		.option = { "nameserver", OPTION_LIST, .max = 1024, .separators = separators,
			    .form = form_address, .value = "<IP>",
			    .help = "whom it asks for names; the host's if not given" },
		.hotplug = HOTPLUG_LIVE, .apply = apply_resolv,
	}, {
		.option = { "net", OPTION_PROPERTIES, .count = 32, .properties = net_properties,
			    .value = "name=<interface>,...", .help = "a network interface" },
		.hotplug = HOTPLUG_LIVE, .lines_of = net_lines, .apply = net_apply,
		.complete = nic_complete,
		/* liblxc would leave it in the host's network. */
		.none = "lxc.net.0.type = empty\nlxc.net.0.flags = up\n",
	}, {
		.option = { "onboot", OPTION_BOOL, .help = "start it when the host boots" },
		.fallback = "0", .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "ostype", OPTION_WORD, .words = ostypes, .value = "<type>",
			    .help = "kind of system inside; found out by itself" },
		.kept = true, .hotplug = HOTPLUG_START, .lines = lines_ostype,
	}, {
		.option = { "parent", OPTION_TEXT, TEXT(40), .help = "the snapshot it comes from" },
		.internal = true, .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "procmounts", OPTION_BOOL,
			    .help = "a /proc that it mounts itself shows its own machine, too" },
		.fallback = "1", .hotplug = HOTPLUG_START,
	}, {
		.option = { "protection", OPTION_BOOL, .help = "forbid destroying it, and changes of its disks" },
		.fallback = "0", .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "rootfs", OPTION_PROPERTIES, .properties = volume_properties,
			    .value = "<volume>,...",
			    .help = "the volume it has as its root" },
		.kept = true, .disk = true, .hotplug = HOTPLUG_START, .lines = lines_rootfs,
	}, {
		.option = { "searchdomain", OPTION_LIST, .max = 1024, .separators = separators,
			    .form = form_hostname, .value = "<domain>",
			    .help = "where it looks for short names; the host's if not given" },
		.hotplug = HOTPLUG_LIVE, .apply = apply_resolv,
	}, {
		.option = { "snapstate", OPTION_WORD, .words = snapstates, .value = "<state>",
			    .help = "what is being done with the snapshot" },
		.internal = true, .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "snaptime", OPTION_INT, .min = 0, .max = 1ll << 40,
			    .help = "when the snapshot was taken" },
		.internal = true, .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "startup", OPTION_PROPERTIES, .properties = startup_properties,
			    .value = "[order=]<n>,up=<s>,down=<s>",
			    .help = "its place when the host boots and shuts down" },
		.hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "swap", OPTION_INT, .min = 0, .max = 1ll << 40, .value = "<MiB>",
			    .help = "swap it may use beside its memory" },
		.fallback = "0", .created = "512", .hotplug = HOTPLUG_LIVE, .lines = lines_swap,
		.apply = apply_memory,
	}, {
		.option = { "sysinfo", OPTION_BOOL,
			    .help = "sysinfo(2), which busybox and musl ask, shows its own machine, too" },
		.fallback = "1", .hotplug = HOTPLUG_START,
	}, {
		.option = { "tags", OPTION_LIST, .max = 1024, .separators = ";, ", .set = true,
			    .form = form_tag, .value = "<a;b>",
			    .help = "words to find it by" },
		.hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "template", OPTION_BOOL, .help = "it is only there to be cloned" },
		.internal = true, .fallback = "0", .hotplug = HOTPLUG_CONFIG,
	}, {
		.option = { "timezone", OPTION_TEXT, TEXT(255), .form = form_timezone, .value = "<zone>",
			    .help = "its time zone, as Europe/Vienna, or 'host'" },
		.hotplug = HOTPLUG_START,
	}, {
		.option = { "tty", OPTION_INT, .min = 0, .max = 6,
			    .help = "how many terminals ask for a login" },
		.fallback = "2", .hotplug = HOTPLUG_START, .lines = lines_tty,
	}, {
		.option = { "unprivileged", OPTION_BOOL,
			    .help = "its root is an ordinary user of the host" },
		.fallback = "0", .created = "1", .kept = true, .fixed = true,
		.hotplug = HOTPLUG_START, .lines = lines_unprivileged,
	}, {
		.option = { "unused", OPTION_TEXT, .count = NUMBERED, TEXT(1024),
			    .help = "a volume it had" },
		.internal = true, .disk = true, .hotplug = HOTPLUG_CONFIG,
	},
};
// clang-format on

const size_t n_keys = ARRAY_LEN(keys);

const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < n_keys; i++)
		if (option_is(&keys[i].option, name, strlen(name)))
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

unsigned key_number_of(const struct key *k, const char *name)
{
	return (unsigned)strtoul(name + strlen(k->option.name), NULL, 10);
}

char *key_complete(const char *name, const char *was, const char *value)
{
	const struct key *k = key_find(name);

	return k && k->complete ? k->complete(was, value) : strdup(value);
}
