// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <inttypes.h>
#include <lxc/lxccontainer.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/hash.h"
#include "base/say.h"
#include "cgview/span.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"

#define STOP_MS	 30000
#define START_MS 5000
#define LOG_MAX	 (1u << 20)

void ct_close(struct lxc_container **c)
{
	if (*c)
		lxc_container_put(*c);
}

char *ct_lxcpath(void)
{
	return path_to("var/lib/pct/lxc");
}

static char *log_path(unsigned vmid)
{
	return path_to("var/lib/pct/lxc/%u/log", vmid);
}

/* liblxc keeps a byte for the leading NUL and one for a trailing one, and fills no buffer whole. */
void ct_socket(const char *lxcpath, const char *name, char out[CT_SOCKET])
{
	size_t room = CT_SOCKET - 2;
	auto_free char *whole = text_of("%s/%s", lxcpath, name);

	if ((size_t)snprintf(out, room, "%s/command", whole) >= room)
		snprintf(out, room, "lxc/%016" PRIx64 "/command", fnv64(whole));
}

bool ct_running(unsigned vmid)
{
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	auto_free char *lxcpath = ct_lxcpath();
	auto_free char *name = text_of("%u", vmid);
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char path[CT_SOCKET];
	socklen_t n;

	if (fd < 0)
		return false;
	ct_socket(lxcpath, name, path);
	memcpy(to.sun_path + 1, path, strlen(path));
	n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(path));
	return connect(fd, (struct sockaddr *)&to, n) == 0 || errno == EAGAIN;
}

/* "lxc 100 20260101000000.000 ERROR    start - ../src/lxc/start.c:f:1 - text": the text. */
static bool log_text(struct span line, const char *level, struct span *text)
{
	struct span word;

	for (int i = 0; i < 4; i++)
		if (!span_word(&line, &word))
			return false;
	if (!span_is(word, level))
		return false;
	for (int i = 0; i < 2; i++) {
		const char *dash = memmem(line.p, span_len(line), " - ", 3);

		if (!dash)
			return false;
		line.p = dash + 3;
	}
	*text = line;
	return true;
}

/* What a failed hook printed says more than that it failed. */
char *ct_log_error(const char *log)
{
	static const char printed[] = " produced output: ";
	struct span all = span_of(log), line, text, output = { NULL, NULL };

	while (span_line(&all, &line)) {
		if (log_text(line, "DEBUG", &text)) {
			const char *p = memmem(text.p, span_len(text), printed, strlen(printed));

			if (p)
				output = (struct span){ p + strlen(printed), text.end };
		}
		if (!log_text(line, "ERROR", &text))
			continue;
		if (output.p && memmem(text.p, span_len(text), "cript exited", 12))
			text = output;
		return strndup(text.p, span_len(text));
	}
	return NULL;
}

/* Of the container's log on disk; NULL: none. */
static char *read_log_error(unsigned vmid)
{
	auto_free char *path = log_path(vmid);
	auto_free char *text = calloc(1, LOG_MAX + 1);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	if (!text || fd < 0 || read(fd, text, LOG_MAX) < 0)
		return NULL;
	return ct_log_error(text);
}

/* liblxc prints a line of its own about a config it cannot read; ours says more. */
static struct lxc_container *new_quietly(const char *name, const char *lxcpath)
{
	struct lxc_container *c;
	auto_fd ours = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	auto_fd null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (ours >= 0 && null >= 0)
		dup2(null, STDERR_FILENO);
	c = lxc_container_new(name, lxcpath);
	if (ours >= 0 && null >= 0)
		dup2(ours, STDERR_FILENO);
	return c;
}

int ct_open(unsigned vmid, struct lxc_container **out)
{
	auto_free char *lxcpath = ct_lxcpath();
	auto_free char *name = text_of("%u", vmid);
	struct lxc_container *c = new_quietly(name, lxcpath);

	if (!c)
		return refuse(
		    -EIO,
		    "CT %u: liblxc cannot use '%s/%s/config'; look for a wrong lxc.* line "
		    "in '%s/etc/pct/lxc/%u.conf'",
		    vmid, lxcpath, name, paths_root(), vmid);
	*out = c;
	return 0;
}

int ct_init(unsigned vmid, pid_t *pid)
{
	auto_container *c = NULL;
	pid_t found;
	int r = ct_open(vmid, &c);

	if (r < 0)
		return r;
	found = c->init_pid(c);
	if (found <= 0)
		return -ESRCH;
	*pid = found;
	return 0;
}

/* The monitor tidies up for a moment after it has said that it failed, or was told to stop. */
static void wait_closed(unsigned vmid, int ms)
{
	for (; ms > 0 && ct_running(vmid); ms -= 5)
		poll(NULL, 0, 5);
}

int ct_start(unsigned vmid)
{
	auto_free char *log = log_path(vmid);
	auto_free char *why = NULL;
	auto_container *c = NULL;
	int r;

	if (unlink(log) < 0 && errno != ENOENT)
		return fail(-errno, "remove the old log '%s'", log);
	r = ct_open(vmid, &c);
	if (r < 0)
		return r;
	c->want_daemonize(c, true);
	c->want_close_all_fds(c, true);
	/* Its hooks are ours; those of our drop-in for all LXC containers have nothing to add. */
	setenv("PCT_VIEWS", "own", 1);
	if (c->start(c, 0, NULL))
		return 0;
	wait_closed(vmid, START_MS);
	why = read_log_error(vmid);
	return refuse(-EIO, "start CT %u: %s; all of it is in '%s'", vmid,
		      why ? why : "liblxc gives no reason", log);
}

/* The monitor is the init's parent. -ESRCH: gone. */
static int open_monitor(pid_t init, int *out)
{
	auto_free char *path = text_of("/proc/%d/stat", (int)init);
	char buf[512], *p;
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	int parent;

	if (n <= 0)
		return -ESRCH;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	/* ") S PPID" */
	parent = p && strlen(p) > 4 ? (int)strtol(p + 4, NULL, 10) : 0;
	if (parent <= 1)
		return -ESRCH;
	parent = (int)syscall(SYS_pidfd_open, parent, 0);
	if (parent < 0)
		return -errno;
	*out = parent;
	return 0;
}

static int wait_gone(unsigned vmid, int monitor)
{
	struct pollfd p = { .fd = monitor, .events = POLLIN };
	int r;

	do
		r = poll(&p, monitor >= 0, monitor >= 0 ? STOP_MS : 0);
	while (r < 0 && errno == EINTR);
	wait_closed(vmid, 1000);
	if ((monitor >= 0 && r == 0) || ct_running(vmid))
		return refuse(-ETIMEDOUT,
			      "CT %u was killed but does not end; a process in it may "
			      "hang in the kernel (ps: state D)",
			      vmid);
	return 0;
}

int ct_stop(unsigned vmid)
{
	auto_container *c = NULL;
	auto_fd monitor = -EBADF;
	pid_t init;
	int r = ct_open(vmid, &c);

	if (r < 0)
		return r;
	init = c->init_pid(c);
	if (init > 0)
		(void)open_monitor(init, &monitor);
	if (!c->stop(c) && ct_running(vmid))
		return refuse(-EIO, "stop CT %u: liblxc cannot kill it; 'kill -9 %d' would", vmid,
			      (int)init);
	return wait_gone(vmid, monitor);
}
