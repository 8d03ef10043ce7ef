// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct hook: LXC's hooks. start-host mounts mp<n> and dev<n>.
 *
 * Of post-stop the environment's LXC_TARGET says whether the container rebooted. liblxc would start
 * it again by itself: with the config of last time, its clock and pending changes included. A hook
 * that fails is how it is told to end instead, and the container is started anew from its conf, by
 * a process of its own, once the monitor is gone.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>

#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/cores.h"
#include "pct/ct/hookscript.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/ct/mounts.h"
#include "pct/ct/pctfs.h"
#include "pct/ct/start.h"
#include "pct/paths.h"

#define MONITOR_MS 30000

/* The monitor reads what a hook prints, to its end. Errors go where one would look for them. */
static int leave_monitor(unsigned vmid)
{
	auto_free char *log = path_to("var/lib/pct/lxc/%u/reboot.log", vmid);
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_fd said = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (null < 0 || said < 0 || setsid() < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(said, STDERR_FILENO) < 0)
		return fail(-errno, "leave the monitor of CT %u for '%s'", vmid, log);
	return 0;
}

static bool enter_mounts_of(int pid)
{
	auto_free char *path = text_of("/proc/%d/ns/mnt", pid);
	auto_fd fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -EBADF;

	return fd >= 0 && setns(fd, CLONE_NEWNS) == 0;
}

/*
 * The monitor has a mount namespace of its own, in which nothing may be seen that was mounted on
 * the host since: back to where the views are mounted.
 */
static void leave_mounts(unsigned vmid)
{
	if (!enter_mounts_of(pctfs_keeper()) && !enter_mounts_of(1))
		warn(-errno, "leave the mounts of the monitor of CT %u", vmid);
}

static int start_anew(unsigned vmid, int monitor)
{
	struct pollfd p = { .fd = monitor, .events = POLLIN };
	int r = leave_monitor(vmid);

	if (r < 0)
		return r;
	leave_mounts(vmid);
	if (poll(&p, 1, MONITOR_MS) == 0)
		return refuse(-ETIMEDOUT,
			      "CT %u rebooted, but its monitor does not end: 'pct stop %u', then "
			      "'pct start %u'",
			      vmid, vmid, vmid);
	/* Only so that the next monitor's end finds nobody in there. */
	r = cgroups_leave_monitor();
	if (r < 0)
		warn(r, "leave the cgroups of the monitor of CT %u", vmid);
	return start_container(vmid, START_REBOOTED);
}

/* Not our child, nor in the monitor's session: whoever waits for us waits for neither. */
static int hand_over(unsigned vmid)
{
	auto_fd monitor = (int)syscall(SYS_pidfd_open, getppid(), 0);
	pid_t pid;

	if (monitor < 0)
		return fail(-errno, "find the monitor of CT %u", vmid);
	pid = fork();
	if (pid < 0)
		return fail(-errno, "start CT %u anew", vmid);
	if (pid == 0)
		_exit(start_anew(vmid, monitor) < 0);
	return 0;
}

/* LXC hands over "<name> lxc <hook>". */
static bool is_start(const struct args *a)
{
	return a->argc == 3 && strcmp(a->argv[2], "start-host") == 0;
}

static int start(unsigned vmid)
{
	const char *pid = getenv("LXC_PID");

	if (!pid || atoi(pid) < 1)
		return refuse(-EINVAL, "LXC_PID is not set: this is for lxc.hook.start-host; "
				       "'pct start' starts a container");
	return mounts_hook(vmid, atoi(pid));
}

/* Its CPUs are free for those of others. That it ended does not fail if they cannot be. */
static void leave_cpus(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };

	if (conf_exists(vmid) && conf_load(vmid, &c) == 0 && cores_limited(&c))
		(void)cores_balance(0, vmid);
}

/* A child of ours that keeps what it got would keep the monitor from its end: it gets a file. */
static void call_hookscript(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_fd out = -EBADF, was = -EBADF, err = -EBADF;
	auto_free char *log = path_to("var/lib/pct/lxc/%u/hookscript.log", vmid);

	if (!conf_exists(vmid) || conf_load(vmid, &c) < 0 || !config_get(&c, "hookscript"))
		return;
	was = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (was < 0 || err < 0 || out < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		warn(-errno, "write '%s'", log);
	else
		(void)hookscript_run(vmid, &c, "post-stop");
	if (was >= 0)
		dup2(was, STDOUT_FILENO);
	if (err >= 0)
		dup2(err, STDERR_FILENO);
}

static int run(const struct args *a)
{
	const char *target = getenv("LXC_TARGET");
	int r;

	if (is_start(a))
		return start(a->vmid);
	if (!target)
		return refuse(-EINVAL, "LXC_TARGET is not set: this is for lxc.hook.post-stop; "
				       "'pct start' starts a container");
	call_hookscript(a->vmid);
	if (strcmp(target, "reboot") != 0) {
		leave_cpus(a->vmid);
		return 0;
	}
	r = hand_over(a->vmid);
	if (r == 0)
		r = refuse(-EALREADY, "CT %u reboots: it is started anew from its conf", a->vmid);
	return r;
}

const struct command cmd_hook = {
	.name = "hook",
	.args = "<vmid> [LXC's words]",
	.help = "Called by LXC's hooks: to mount things, and when it rebooted",
	.min_args = 1,
	.max_args = 4,
	.vmid = true,
	.hidden = true,
	.needs_root = true,
	.run = run,
};
