// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/conf/properties.h"
#include "base/base.h"
#include "pct/conf/forms.h"
#include "pct/conf/keep.h"

#define TEXT(n) .min = 1, .max = (n)

// clang-format off
const struct option device_properties[] = {
	{ "path", OPTION_TEXT, TEXT(255), .form = form_device, .bare = true, .required = true,
	  .value = "/dev/...", .help = "the host's device, and where it is in the container" },
	{ "deny-write", OPTION_BOOL, .help = "it may only be read" },
	{ "gid", OPTION_TEXT, TEXT(64), .form = form_group, .value = "<group>",
	  .help = "the group that has it in the container: a number, or a name there" },
	{ "mode", OPTION_TEXT, TEXT(4), .form = form_mode, .value = "<octal>",
	  .help = "who may use it there; 0660 if not given" },
	{ "uid", OPTION_INT, .min = 0, .max = UINT32_MAX - 1, .value = "<id>",
	  .help = "the user that has it there" },
	{ .name = NULL },
};

const struct option feature_properties[] = {
	{ "force_rw_sys", OPTION_BOOL, .help = "all of /sys may be written that its root may write" },
	{ "fuse", OPTION_BOOL, .help = "FUSE file systems may be mounted" },
	{ "keyctl", OPTION_BOOL, .help = "keyctl(2) is allowed, as Docker needs it" },
	{ "mknod", OPTION_BOOL, .help = "it may make nodes of /dev/null, zero, full, random, urandom, tty, ptmx" },
	{ "mount", OPTION_LIST, .max = 256, .separators = ";", .form = form_filesystem,
	  .value = "<type;type>", .help = "file systems of these types may be mounted" },
	{ "nesting", OPTION_BOOL, .help = "containers in it; systemd in it wants it, too" },
	{ .name = NULL },
};

#define KEEP(name, what) \
	{ "keep-" name, OPTION_INT, .min = 0, .max = 100000, .help = "keep the newest of each of so many " what }

const struct option autosnap_properties[] = {
	{ "schedule", OPTION_TEXT, TEXT(20), .form = form_schedule, .bare = true, .required = true,
	  .value = "<schedule>", .help = "hourly, daily, weekly, monthly, yearly, or as 15m, 6h, 2d" },
	KEEP("daily", "days"),
	KEEP("hourly", "hours"),
	{ "keep-last", OPTION_INT, .min = 0, .max = 100000, .help = "keep so many of them" },
	KEEP("monthly", "months"),
	KEEP("weekly", "weeks"),
	KEEP("yearly", "years"),
	{ .name = NULL },
};

/* What rootfs and mpN have in common. */
#define VOLUME \
	{ "volume", OPTION_TEXT, TEXT(1024), .form = form_volume, .bare = true, .required = true, \
	  .value = "<volume>", .help = "'storage:GiB' for a new one, 'storage:name', or a path" }, \
	{ "acl", OPTION_BOOL, .help = "kept for Proxmox, nothing here" }, \
	{ "idmap", OPTION_LIST, .max = 1024, .separators = ";", .form = form_idmap, \
	  .value = "<ranges>", .help = "which ids on the disk are which in the container" }, \
	{ "mountoptions", OPTION_LIST, .max = 256, .separators = ";", .form = form_mount_option, \
	  .set = true, .value = "<option;option>", \
	  .help = "discard, lazytime, noatime, nodev, noexec, nosuid" }, \
	{ "quota", OPTION_BOOL, .help = "kept for Proxmox, nothing here" }, \
	{ "replicate", OPTION_BOOL, .help = "kept for Proxmox, nothing here" }, \
	{ "ro", OPTION_BOOL, .help = "it may only be read" }, \
	{ "shared", OPTION_BOOL, .help = "kept for Proxmox, nothing here" }, \
	{ "size", OPTION_TEXT, TEXT(32), .form = form_size, .value = "<size>", \
	  .help = "how large it is, as 8G" }

const struct option volume_properties[] = {
	VOLUME,
	{ .name = NULL },
};

const struct option mount_properties[] = {
	VOLUME,
	{ "backup", OPTION_BOOL, .help = "it is part of backups" },
	{ "keepattrs", OPTION_BOOL, .help = "kept for Proxmox, nothing here" },
	{ "mp", OPTION_TEXT, TEXT(1024), .form = form_inside, .required = true, .value = "<path>",
	  .help = "where it is in the container" },
	{ .name = NULL },
};

static const char *const net_types[] = { "veth", NULL };

const struct option net_properties[] = {
	{ "name", OPTION_TEXT, TEXT(15), .form = form_interface, .required = true,
	  .value = "<interface>", .help = "what it is called in the container, as eth0" },
	{ "bridge", OPTION_TEXT, TEXT(15), .form = form_interface, .value = "<bridge>",
	  .help = "the host's bridge it is on" },
	{ "firewall", OPTION_BOOL, .help = "what it sends has its own addresses; by DHCP that is one on networks of pct's only, "
	          "elsewhere its MAC address alone is guarded" },
	{ "gw", OPTION_TEXT, TEXT(15), .form = form_gateway, .value = "<IPv4>",
	  .help = "its default gateway" },
	{ "gw6", OPTION_TEXT, TEXT(45), .form = form_gateway6, .value = "<IPv6>",
	  .help = "likewise for IPv6" },
	{ "host-managed", OPTION_BOOL, .help = "kept for Proxmox, nothing here" },
	{ "hwaddr", OPTION_TEXT, TEXT(17), .form = form_mac, .value = "<MAC>",
	  .help = "its MAC address; one is made up and kept if not given" },
	{ "ip", OPTION_TEXT, TEXT(32), .form = form_network, .value = "<IPv4/length>|dhcp|manual",
	  .help = "its IPv4 address" },
	{ "ip6", OPTION_TEXT, TEXT(64), .form = form_network6,
	  .value = "<IPv6/length>|auto|dhcp|manual", .help = "its IPv6 address" },
	{ "link_down", OPTION_BOOL, .help = "as if its cable were pulled" },
	{ "mtu", OPTION_INT, .min = 64, .max = 65535, .value = "<bytes>",
	  .help = "the largest packet; the bridge's if not given" },
	{ "rate", OPTION_NUMBER, .min = 0, .max = 1000000, .value = "<MB/s>",
	  .help = "as fast as that, and no faster, each way" },
	{ "tag", OPTION_INT, .min = 1, .max = 4094, .value = "<VLAN>",
	  .help = "the VLAN it is in" },
	{ "trunks", OPTION_LIST, .max = 1024, .separators = ";", .form = form_vlan,
	  .value = "<VLAN;VLAN>", .help = "VLANs it may use tagged" },
	{ "type", OPTION_WORD, .words = net_types, .help = "kind of interface" },
	{ .name = NULL },
};

const struct option startup_properties[] = {
	{ "order", OPTION_INT, .min = 0, .max = 1000000, .bare = true, .value = "<number>",
	  .help = "lower ones start first, and stop last" },
	{ "down", OPTION_INT, .min = 0, .max = 86400, .value = "<seconds>",
	  .help = "how long it may take to shut down; 180 if not given" },
	{ "up", OPTION_INT, .min = 0, .max = 86400, .value = "<seconds>",
	  .help = "how long those after it wait once it is started" },
	{ .name = NULL },
};
