// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <stdbool.h>

#include "base/base.h"
#include "pct/conf/raw.h"

/* A name that ends in a dot stands for all that begin so. */
static const char *const accepted[] = {
	"lxc.apparmor.profile",
	"lxc.apparmor.allow_incomplete",
	"lxc.apparmor.allow_nesting",
	"lxc.apparmor.raw",
	"lxc.arch",
	"lxc.autodev",
	"lxc.autodev.tmpfs.size",
	"lxc.cap.drop",
	"lxc.cap.keep",
	"lxc.cgroup.",
	"lxc.cgroup2.",
	"lxc.console.buffer.size",
	"lxc.console.logfile",
	"lxc.console.path",
	"lxc.console.rotate",
	"lxc.console.size",
	"lxc.environment",
	"lxc.group",
	"lxc.hook.",
	"lxc.idmap",
	"lxc.include",
	"lxc.init.",
	"lxc.keyring.session",
	"lxc.log.level",
	"lxc.mount.auto",
	"lxc.mount.entry",
	"lxc.mount.fstab",
	"lxc.net.",
	"lxc.no_new_privs",
	"lxc.prlimit.",
	"lxc.proc.",
	"lxc.pty.max",
	"lxc.rootfs.mount",
	"lxc.seccomp.allow_nesting",
	"lxc.seccomp.notify.cookie",
	"lxc.seccomp.notify.proxy",
	"lxc.seccomp.profile",
	"lxc.selinux.context",
	"lxc.selinux.context.keyring",
	"lxc.signal.halt",
	"lxc.signal.reboot",
	"lxc.signal.stop",
	"lxc.start.auto",
	"lxc.start.delay",
	"lxc.start.order",
	"lxc.sysctl.",
	"lxc.tty.dir",
	"lxc.tty.max",
	"lxc.uts.name",
};

/* What cannot be had by such a line, and what to do. */
static const struct {
	const char *key, *instead;
} ours[] = {
	{ "lxc.cgroup.dir", "pct says which cgroups it is in" },
	{ "lxc.cgroup.dir.", "pct says which cgroups it is in" },
	{ "lxc.cgroup.relative", "pct says which cgroups it is in" },
	{ "lxc.cgroup.pattern", "pct says which cgroups it is in" },
	{ "lxc.environment.hooks", "this liblxc has no environment for hooks" },
	{ "lxc.ephemeral", "'pct destroy' removes a container" },
	{ "lxc.execute.cmd", "use 'entrypoint'" },
	{ "lxc.log.file", "pct reads its log where it is" },
	{ "lxc.log.syslog", "pct reads its log where it is" },
	{ "lxc.monitor.", "pct itself starts the monitor" },
	{ "lxc.namespace.", "its views of /proc would be somebody else's" },
	{ "lxc.network.", "use net0, as 'net0: name=eth0,bridge=...'" },
	{ "lxc.rootfs.path", "use 'rootfs'" },
	{ "lxc.rootfs.managed", "use 'rootfs'" },
	{ "lxc.rootfs.options", "use the mountoptions of 'rootfs'" },
	{ "lxc.rootfs", "use 'rootfs'" },
	{ "lxc.time.", "pct sets its clocks" },
};

/* LXC 2's names. */
static const struct {
	const char *old, *name;
} renamed[] = {
	{ "lxc.aa_allow_incomplete", "lxc.apparmor.allow_incomplete" },
	{ "lxc.aa_profile", "lxc.apparmor.profile" },
	{ "lxc.console", "lxc.console.path" },
	{ "lxc.devttydir", "lxc.tty.dir" },
	{ "lxc.devtty.dir", "lxc.tty.dir" },
	{ "lxc.environment.runtime", "lxc.environment" },
	{ "lxc.haltsignal", "lxc.signal.halt" },
	{ "lxc.id_map", "lxc.idmap" },
	{ "lxc.init_cmd", "lxc.init.cmd" },
	{ "lxc.init_gid", "lxc.init.gid" },
	{ "lxc.init_uid", "lxc.init.uid" },
	{ "lxc.loglevel", "lxc.log.level" },
	{ "lxc.mount", "lxc.mount.fstab" },
	{ "lxc.pts", "lxc.pty.max" },
	{ "lxc.rebootsignal", "lxc.signal.reboot" },
	{ "lxc.se_context", "lxc.selinux.context" },
	{ "lxc.seccomp", "lxc.seccomp.profile" },
	{ "lxc.stopsignal", "lxc.signal.stop" },
	{ "lxc.tty", "lxc.tty.max" },
	{ "lxc.utsname", "lxc.uts.name" },
	{ "lxc.limit.as", "lxc.prlimit.as" },
	{ "lxc.limit.core", "lxc.prlimit.core" },
	{ "lxc.limit.cpu", "lxc.prlimit.cpu" },
	{ "lxc.limit.data", "lxc.prlimit.data" },
	{ "lxc.limit.fsize", "lxc.prlimit.fsize" },
	{ "lxc.limit.locks", "lxc.prlimit.locks" },
	{ "lxc.limit.memlock", "lxc.prlimit.memlock" },
	{ "lxc.limit.msgqueue", "lxc.prlimit.msgqueue" },
	{ "lxc.limit.nice", "lxc.prlimit.nice" },
	{ "lxc.limit.nofile", "lxc.prlimit.nofile" },
	{ "lxc.limit.nproc", "lxc.prlimit.nproc" },
	{ "lxc.limit.rss", "lxc.prlimit.rss" },
	{ "lxc.limit.rtprio", "lxc.prlimit.rtprio" },
	{ "lxc.limit.rttime", "lxc.prlimit.rttime" },
	{ "lxc.limit.sigpending", "lxc.prlimit.sigpending" },
	{ "lxc.limit.stack", "lxc.prlimit.stack" },
};

const char *raw_name(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(renamed); i++)
		if (strcmp(key, renamed[i].old) == 0)
			return renamed[i].name;
	return key;
}

static bool is(const char *row, const char *key)
{
	size_t n = strlen(row);

	return row[n - 1] == '.' ? strncmp(key, row, n) == 0 && key[n] : strcmp(key, row) == 0;
}

static bool is_accepted(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(accepted); i++)
		if (is(accepted[i], key))
			return true;
	return false;
}

const char *raw_refused(const char *key, const char *value, char why[RAW_WHY])
{
	const char *name = raw_name(key);

	for (const char *p = value; *p; p++)
		if (iscntrl((unsigned char)*p) && *p != '\t') {
			snprintf(why, RAW_WHY, "'%.60s' has a control character in its value", key);
			return why;
		}
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (is(ours[i].key, name)) {
			snprintf(why, RAW_WHY, "'%.60s' cannot be set: %s", key, ours[i].instead);
			return why;
		}
	if (is_accepted(name))
		return NULL;
	snprintf(why, RAW_WHY, "'%.60s' is no key of liblxc that pct knows", key);
	return why;
}
