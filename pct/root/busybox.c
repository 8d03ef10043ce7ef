// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * builtin:busybox: a root file system made of the host's static busybox and a few lines of /etc.
 */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/say.h"
#include "pct/interrupt.h"
#include "pct/root/template.h"
#include "pct/step.h"

#define BUSYBOX "/bin/busybox"

static const struct {
	const char *path;
	mode_t mode;
} dirs[] = {
	{ "bin", 0755 },	{ "dev", 0755 },	{ "etc", 0755 },      { "home", 0755 },
	{ "etc/init.d", 0755 }, { "etc/udhcpc", 0755 }, { "mnt", 0755 },      { "proc", 0555 },
	{ "root", 0700 },	{ "run", 0755 },	{ "sbin", 0755 },     { "sys", 0555 },
	{ "tmp", 01777 },	{ "usr", 0755 },	{ "usr/bin", 0755 },  { "usr/sbin", 0755 },
	{ "var", 0755 },	{ "var/log", 0755 },	{ "var/tmp", 01777 },
};

/* pct says in an interface's alias what it is to be: "net0 ip=dhcp ip6=manual". */
static const char network[] =
    "#!/bin/sh\n"
    "# A DHCP client for every interface that is to have one and has none yet.\n"
    "for dir in /sys/class/net/*; do\n"
    "	name=${dir##*/}\n"
    "	pid=/run/udhcpc.$name.pid\n"
    "	case \" $(cat $dir/ifalias)\" in *\" ip=dhcp \"*) ;;\n"
    "	*)	# It was to have one before.\n"
    "		[ ! -e $pid ] || kill $(cat $pid); rm -f $pid; continue ;;\n"
    "	esac\n"
    "	[ -e $pid ] && [ -e /proc/$(cat $pid)/fd ] && kill -USR1 $(cat $pid) && continue\n"
    "	udhcpc -b -i $name -p $pid -x hostname:$(hostname) >/dev/null 2>&1 &\n"
    "done\n";

static const char dhcp[] = "#!/bin/sh\n"
			   "case $1 in\n"
			   "deconfig)\n"
			   "	ip -4 addr flush dev $interface\n"
			   "	ip link set $interface up ;;\n"
			   "bound|renew)\n"
			   "	# What it has it keeps: connections live through a renewal.\n"
			   "	ip -4 addr show dev $interface | grep -qF \" $ip/$mask \" || {\n"
			   "		ip -4 addr flush dev $interface\n"
			   "		ip addr add $ip/$mask brd + dev $interface\n"
			   "	}\n"
			   "	metric=$((200 + $(cat /sys/class/net/$interface/ifindex)))\n"
			   "	for gw in $router; do ip route replace default via $gw dev "
			   "$interface metric $metric; done\n"
			   "	[ -z \"$dns\" ] || {\n"
			   "		[ -z \"$domain\" ] || echo search $domain\n"
			   "		for ns in $dns; do echo nameserver $ns; done\n"
			   "	} >/etc/resolv.conf ;;\n"
			   "esac\n";

/* liblxc has mounted all there is to mount before init runs. */
static const struct {
	const char *path, *text;
} files[] = {
	{ "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
			"nobody:x:65534:65534:nobody:/:/bin/false\n" },
	{ "etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n" },
	{ "etc/shells", "/bin/sh\n" },
	{ "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n" },
	{ "etc/profile", "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n" },
	{ "etc/inittab", "::once:/etc/init.d/network\n"
			 "console::askfirst:-/bin/sh\n"
			 "::ctrlaltdel:/sbin/poweroff\n" },
}, scripts[] = {
	{ "etc/init.d/network", network },
	{ "etc/udhcpc/default.script", dhcp },
};

static int own(const struct target *t, const char *path)
{
	/* no step: who made it has just had one */
	if (fchownat(t->root, path, t->shift, t->shift, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(-errno, "make '%s' of the new root", path);
	return 0;
}

/* One that is there is what a volume is mounted on, or in. */
static int put_dir(const struct target *t, const char *path, mode_t mode)
{
	if (step_of_many("busybox: a directory") < 0 ||
	    (mkdirat(t->root, path, mode) < 0 && errno != EEXIST) ||
	    fchmodat(t->root, path, mode, 0) < 0)
		return fail(-errno, "make '%s' of the new root", path);
	return own(t, path);
}

static int put_file(const struct target *t, const char *path, const char *text, mode_t mode)
{
	auto_fd fd = -EBADF;
	size_t n = strlen(text);

	if (step_of_many("busybox: a file") == 0)
		fd = openat(t->root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, mode) < 0 || write(fd, text, n) != (ssize_t)n)
		return fail(-errno, "make '%s' of the new root", path);
	return own(t, path);
}

static int put_link(const struct target *t, const char *path, const char *to)
{
	if (step_of_many("busybox: a link") < 0 || symlinkat(to, t->root, path) < 0)
		return errno == EEXIST ? 0 : fail(-errno, "make '%s' of the new root", path);
	return own(t, path);
}

/* The one program; a shared one would find no libraries in there. */
static int open_busybox(int *out)
{
	auto_fd fd = open(BUSYBOX, O_RDONLY | O_CLOEXEC);
	struct elf elf;

	if (fd < 0 && errno == ENOENT)
		return refuse(-ENOENT, "builtin:busybox needs '" BUSYBOX "': install the package "
				       "busybox-static");
	if (fd < 0)
		return fail(-errno, "open '" BUSYBOX "'");
	if (elf_read(fd, &elf) < 0 || !elf.is_static)
		return refuse(-ENOEXEC,
			      "'" BUSYBOX "' is not a static program: install the package "
			      "busybox-static in place of busybox");
	*out = take_fd(&fd);
	return 0;
}

static int copy_busybox(const struct target *t, int from)
{
	auto_fd to = -EBADF;
	ssize_t n;

	if (step("busybox: the program") == 0)
		to = openat(t->root, "bin/busybox", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (to < 0)
		return fail(-errno, "make 'bin/busybox' of the new root");
	while ((n = sendfile(to, from, NULL, 1 << 20)) > 0)
		;
	if (n < 0 || fchmod(to, 0755) < 0)
		return fail(-errno, "copy '" BUSYBOX "' into the new root");
	return own(t, "bin/busybox");
}

/* "usr/bin/ar": a link to the program by a relative path. */
static int put_applet(const struct target *t, const char *path)
{
	char to[64] = "";

	if (*path == '/' || strstr(path, "..") || strlen(path) > 200)
		return 0;
	for (const char *p = strchr(path, '/'); p && strlen(to) < 40; p = strchr(p + 1, '/'))
		strcat(to, "../");
	strcat(to, "bin/busybox");
	return put_link(t, path, strncmp(path, "bin/", 4) == 0 ? "busybox" : to);
}

static int put_applets(const struct target *t)
{
	auto_free char *line = NULL;
	size_t size = 0, count = 0;
	FILE *list = popen(BUSYBOX " --list-full", "re");
	int r = 0;

	if (!list)
		return fail(-errno, "run '" BUSYBOX " --list-full'");
	while (r == 0 && getline(&line, &size, list) > 0) {
		line[strcspn(line, "\n")] = '\0';
		r = interrupted() ? -EINTR : put_applet(t, line);
		count++;
	}
	if (pclose(list) != 0 || count == 0)
		return r < 0 ? r
			     : refuse(-EIO, "'" BUSYBOX " --list-full' failed: install the "
					    "package busybox-static again");
	return r;
}

int busybox_make(const struct target *t)
{
	auto_free char *name = NULL;
	auto_fd program = -EBADF;
	int r;

	r = open_busybox(&program);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++)
		r = put_dir(t, dirs[i].path, dirs[i].mode);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(files); i++)
		r = put_file(t, files[i].path, files[i].text, 0644);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(scripts); i++)
		r = put_file(t, scripts[i].path, scripts[i].text, 0755);
	if (r == 0 && asprintf(&name, "%s\n", t->hostname) < 0)
		r = fail(-ENOMEM, "builtin:busybox");
	if (r == 0)
		r = put_file(t, "etc/hostname", name, 0644);
	if (r == 0)
		r = put_link(t, "var/run", "/run");
	if (r == 0)
		r = copy_busybox(t, program);
	return r < 0 ? r : put_applets(t);
}
