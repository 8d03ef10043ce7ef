// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/say.h"
#include "cgview/span.h"
#include "pct/ct/end.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"

#define KILL_S	  30
#define MONITOR_S 30 /* its hooks have something to do, too */
#define SETTLE_S  10
#define BEGIN_MS  2000
#define TEXT_MAX  8192

/* A small file of proc; 0: it is gone. */
static size_t read_proc(const char *path, char text[TEXT_MAX])
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, TEXT_MAX - 1);

	n = n < 0 ? 0 : n;
	text[n] = '\0';
	return (size_t)n;
}

/* Is it process 1 of a pid namespace below ours: "NSpid: 4711 1"? */
static bool is_init(pid_t pid)
{
	auto_free char *path = text_of("/proc/%d/status", (int)pid);
	char text[TEXT_MAX];
	struct span all, line, word;
	uint64_t last = 0;
	int n = 0;

	read_proc(path, text);
	all = span_of(text);
	while (span_line(&all, &line)) {
		if (!span_word(&line, &word) || !span_is(word, "NSpid:"))
			continue;
		while (span_u64(&line, &last))
			n++;
	}
	return n > 1 && last == 1;
}

/* The monitor's child that is process 1 of its namespace. */
static pid_t find_init(pid_t monitor)
{
	auto_free char *path = text_of("/proc/%d/task/%d/children", (int)monitor, (int)monitor);
	char text[TEXT_MAX];
	struct span all;
	uint64_t pid;

	read_proc(path, text);
	all = span_of(text);
	while (span_u64(&all, &pid))
		if (is_init((pid_t)pid))
			return (pid_t)pid;
	return 0;
}

static int open_pid(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static int await(int process, int seconds)
{
	struct pollfd p = { .fd = process, .events = POLLIN };
	int64_t end = now_ms() + seconds * 1000ll, left = -1;
	int r;

	do {
		if (seconds >= 0)
			left = end > now_ms() ? end - now_ms() : 0;
		r = poll(&p, 1, (int)left);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

/* Where it may not change what it is called it is asked for its init, and is that one's parent. */
static pid_t ask_monitor(unsigned vmid)
{
	auto_container *c = NULL;
	pid_t init = ct_open(vmid, &c) < 0 ? 0 : c->init_pid(c);
	auto_free char *path = text_of("/proc/%d/status", (int)init);
	char text[TEXT_MAX], *line;

	if (init <= 0)
		return 0;
	read_proc(path, text);
	line = strstr(text, "\nPPid:");
	return line ? (pid_t)strtol(line + strlen("\nPPid:"), NULL, 10) : 0;
}

/* One that has just begun is in no cgroup of its own. */
static pid_t find_monitor(unsigned vmid)
{
	pid_t pid = 0;

	for (int ms = 0; ms < BEGIN_MS && pid == 0 && ct_running(vmid); ms += 10) {
		pid = cgroups_monitor(vmid);
		if (pid == 0)
			poll(NULL, 0, 10);
	}
	return pid || !ct_running(vmid) ? pid : ask_monitor(vmid);
}

int ct_find(unsigned vmid, struct running *out)
{
	auto_running c = RUNNING_NONE;
	pid_t monitor = find_monitor(vmid);

	if (monitor == 0)
		return -ESRCH;
	c.monitor = open_pid(monitor);
	/* Still that one: its number has not become another's. */
	if (c.monitor < 0 || find_monitor(vmid) != monitor)
		return -ESRCH;
	for (int ms = 0; ms < BEGIN_MS && c.init < 0; ms += 10) {
		if (await(c.monitor, 0) == 0)
			return -ESRCH;
		c.pid = find_init(monitor);
		c.init = c.pid > 0 ? open_pid(c.pid) : -EBADF;
		if (c.init >= 0 && find_init(monitor) != c.pid)
			close_fd(&c.init);
		if (c.init < 0)
			poll(NULL, 0, 10);
	}
	*out = (struct running){ take_fd(&c.monitor), take_fd(&c.init), c.pid };
	return 0;
}

/* systemd listens to SIGRTMIN+3, which it blocks and reads from a descriptor; others to SIGPWR. */
static int usual_signal(pid_t init)
{
	auto_free char *path = text_of("/proc/%d/status", (int)init);
	unsigned long long blocked = 0;
	char text[TEXT_MAX], *line;

	read_proc(path, text);
	line = strstr(text, "\nSigBlk:");
	if (line)
		blocked = strtoull(line + strlen("\nSigBlk:"), NULL, 16);
	return blocked >> (SIGRTMIN + 3 - 1) & 1 ? SIGRTMIN + 3 : SIGPWR;
}

int ct_halt(unsigned vmid, const struct running *c)
{
	auto_container *l = NULL;
	char text[32] = "";
	int signal, r = ct_open(vmid, &l);

	if (r < 0)
		return r;
	if (l->get_config_item(l, "lxc.signal.halt", text, sizeof(text)) <= 0)
		*text = '\0';
	signal = atoi(text);
	if (signal <= 0)
		signal = usual_signal(c->pid);
	(void)cgroups_thaw(vmid);
	if (syscall(SYS_pidfd_send_signal, c->init, signal, NULL, 0) < 0 && errno != ESRCH)
		return fail(-errno, "shut down CT %u", vmid);
	return 0;
}

int ct_await_end(const struct running *c, int seconds)
{
	return await(c->monitor, seconds);
}

static void kill_it(int process)
{
	(void)syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
}

/* What liblxc's own stop does to one that is frozen is to wait for ever. */
int ct_kill(unsigned vmid, const struct running *c)
{
	int r;

	if (c->init >= 0)
		kill_it(c->init);
	(void)cgroups_thaw(vmid);
	/* Without an init its monitor is at its end, or at its hooks before. */
	if (c->init >= 0 && await(c->init, KILL_S) == -ETIMEDOUT)
		return refuse(-ETIMEDOUT,
			      "CT %u was killed but does not end; a process in it may hang in the "
			      "kernel (ps: state D)",
			      vmid);
	r = ct_await_end(c, MONITOR_S);
	if (r == -ETIMEDOUT) {
		warn(0, "the monitor of CT %u does not end, and is killed", vmid);
		kill_it(c->monitor);
		r = ct_await_end(c, MONITOR_S);
	}
	return r < 0 ? fail(r, "stop CT %u", vmid) : 0;
}

void ct_settle(unsigned vmid)
{
	pid_t monitor = cgroups_monitor(vmid);
	auto_fd process = monitor > 0 ? open_pid(monitor) : -EBADF;

	if (process >= 0 && cgroups_monitor(vmid) == monitor)
		(void)await(process, SETTLE_S);
}
