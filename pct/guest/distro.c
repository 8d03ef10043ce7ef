// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The systems that are known, a row each. A version nobody has heard of is like the newest one:
 * which tool sets its network is told by which is there.
 */
#include "pct/guest/inner.h"

#define GETTY_SYSV    "#:2345:respawn:/sbin/getty 38400 tty#"
#define GETTY_BUSYBOX "tty#::respawn:/sbin/getty 38400 tty#"
#define GETTY_AGETTY  "c#:12345:respawn:/sbin/agetty 38400 tty# linux"

// clang-format off
#define DEBIAN_NET { { .way = &way_ifupdown }, { .way = &way_netmanager }, { .way = &way_networkd } }

const struct distro distros[] = {
	{
		.ostype = "devuan", .ids = "devuan", .marks = "etc/devuan_version",
		.net = DEBIAN_NET, .getty = GETTY_SYSV, .powerfail = true,
	}, {
		.ostype = "debian", .ids = "debian raspbian", .marks = "etc/debian_version",
		.net = DEBIAN_NET, .getty = GETTY_SYSV, .powerfail = true,
	}, {
		.ostype = "ubuntu", .ids = "ubuntu", .marks = NULL,
		.net = { { &way_ifupdown, VERSION(17, 10) }, { .way = &way_networkd },
			 { .way = &way_netmanager }, { .way = &way_ifupdown } },
		.getty = GETTY_SYSV, .powerfail = true,
	}, {
		.ostype = "alpine", .ids = "alpine postmarketos", .marks = "etc/alpine-release",
		.net = { { .way = &way_ifupdown } },
		.getty = GETTY_BUSYBOX,
		.services = "boot/networking boot/bootmisc boot/hostname shutdown/killprocs shutdown/savecache",
	}, {
		.ostype = "fedora", .ids = "fedora", .marks = "etc/fedora-release",
		.net = { { &way_ifcfg, VERSION(25, 0) }, { .way = &way_networkd }, { .way = &way_netmanager } },
		.name = NAME_FULL, .locale = "C.utf8", .tty_dir = "lxc/",
	}, {
		.ostype = "centos",
		.ids = "centos rhel rocky almalinux ol scientific virtuozzo eurolinux circle navylinux",
		.marks = "etc/centos-release etc/redhat-release",
		.net = { { &way_ifcfg, VERSION(10, 0) }, { .way = &way_netmanager }, { .way = &way_networkd } },
		.name = NAME_FULL, .locale = "C.utf8", .tty_dir = "lxc/",
	}, {
		.ostype = "openeuler", .ids = "openEuler openeuler", .marks = "etc/openEuler-release",
		.net = { { .way = &way_ifcfg }, { .way = &way_networkd } },
		.name = NAME_FULL, .locale = "C.utf8", .tty_dir = "lxc/",
		.preset = "disable dev-mqueue.mount\n",
	}, {
		.ostype = "opensuse",
		.ids = "opensuse opensuse-leap opensuse-tumbleweed opensuse-slowroll opensuse-microos sles sled suse",
		.marks = "etc/SuSE-brand etc/SuSE-release",
		.net = { { .way = &way_wicked }, { .way = &way_netmanager }, { .way = &way_networkd } },
		.locale = "C.utf8", .tty_dir = "lxc/",
	}, {
		.ostype = "archlinux", .ids = "arch archarm manjaro", .marks = "etc/arch-release",
		.net = { { .way = &way_networkd }, { .way = &way_netmanager } },
	}, {
		.ostype = "gentoo", .ids = "gentoo", .marks = "etc/gentoo-release",
		.net = { { .way = &way_netifrc }, { .way = &way_networkd } },
		.name = NAME_CONF_D, .getty = GETTY_AGETTY, .powerfail = true,
	}, {
		.ostype = "nixos", .ids = "nixos", .marks = "nix/store",
		.left_alone = true,
	}, {
		/* Our own template: its addresses are set from outside. */
		.ostype = "busybox", .ids = "", .marks = NULL,
		.no_timezone = true,
	},
};
// clang-format on
const size_t n_distros = ARRAY_LEN(distros);

bool word_next(const char **list, char out[64])
{
	size_t n;

	if (!*list)
		return false;
	*list += strspn(*list, " ");
	n = strcspn(*list, " ");
	snprintf(out, 64, "%.*s", (int)n, *list);
	*list += n;
	return n > 0;
}

static bool list_has(const char *list, const char *word)
{
	char one[64];

	while (word_next(&list, one))
		if (strcmp(one, word) == 0)
			return true;
	return false;
}

const struct distro *distro_find(const char *ostype)
{
	for (size_t i = 0; ostype && i < n_distros; i++)
		if (strcmp(distros[i].ostype, ostype) == 0)
			return &distros[i];
	return NULL;
}

static const struct distro *by_id(const char *id)
{
	for (size_t i = 0; i < n_distros; i++)
		if (list_has(distros[i].ids, id))
			return &distros[i];
	return NULL;
}

bool release_value(const char *text, const char *name, char *out, size_t size)
{
	size_t len = strlen(name), n;
	const char *line;

	while (text_line(&text, &line, &n)) {
		const char *value = line + len + 1, *end = line + n;
		char quote = 0;

		if (n <= len || strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		if (value < end && (*value == '"' || *value == '\''))
			quote = *value++;
		for (n = 0; value + n < end && value[n] != '\n'; n++)
			if (quote ? value[n] == quote : value[n] == ' ' || value[n] == '\t')
				break;
		snprintf(out, size, "%.*s", (int)n, value);
		return true;
	}
	return false;
}

unsigned release_version(const char *text)
{
	char *end;
	unsigned long major, minor = 0;

	text += strcspn(text, "0123456789");
	if (!*text)
		return VERSION_NEWEST;
	major = strtoul(text, &end, 10);
	if (*end == '.')
		minor = strtoul(end + 1, NULL, 10);
	return (unsigned)(MIN(major, 9999ul) * 100 + MIN(minor, 99ul));
}

static const struct distro *by_release(const char *text, unsigned *version)
{
	const struct distro *d = NULL;
	char value[256] = "", id[64];
	const char *like = value;

	if (release_value(text, "ID", value, sizeof(value)))
		d = by_id(value);
	*version = VERSION_NEWEST;
	if (d && release_value(text, "VERSION_ID", value, sizeof(value)))
		*version = release_version(value);
	if (d)
		return d;
	/* One of its children: its own versions say nothing of its parent's. */
	if (release_value(text, "ID_LIKE", value, sizeof(value)))
		while (!d && word_next(&like, id))
			d = by_id(id);
	return d;
}

static const struct distro *by_marks(struct files *f, unsigned *version)
{
	auto_free char *lsb = within_read(f, "etc/lsb-release");
	char value[64];

	*version = VERSION_NEWEST;
	if (lsb && release_value(lsb, "DISTRIB_ID", value, sizeof(value)) &&
	    strcmp(value, "Ubuntu") == 0) {
		if (release_value(lsb, "DISTRIB_RELEASE", value, sizeof(value)))
			*version = release_version(value);
		return distro_find("ubuntu");
	}
	for (size_t i = 0; i < n_distros; i++) {
		const char *marks = distros[i].marks;
		char path[64];

		while (word_next(&marks, path)) {
			auto_free char *text = NULL;

			if (!within_there(f, path))
				continue;
			text = strstr(path, "store") ? NULL : within_read(f, path);
			if (text)
				*version = release_version(text);
			return &distros[i];
		}
	}
	return NULL;
}

const struct distro *distro_detect(struct files *f, unsigned *version)
{
	static const char *const paths[] = { "etc/os-release", "usr/lib/os-release" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		auto_free char *text = within_read(f, paths[i]);
		const struct distro *d = text ? by_release(text, version) : NULL;

		if (d)
			return d;
	}
	return by_marks(f, version);
}

const char *guest_ostype(int root)
{
	const struct distro *d = NULL;
	struct files f;
	unsigned version;

	if (files_open("the new root", root, &f) < 0)
		return "unmanaged";
	d = distro_detect(&f, &version);
	files_close(&f);
	return d ? d->ostype : "unmanaged";
}
