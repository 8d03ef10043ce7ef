// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A command into a running container, by liblxc's attach.
 */
#include <fcntl.h>
#include <lxc/attach_options.h>
#include <lxc/lxccontainer.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/ct/lxc.h"
#include "pct/ct/start.h"
#include "pct/paths.h"

/*
 * The command waits at a gate, a pair of sockets, until liblxc says that it is attached: then it
 * is told to go, and answers that it goes. liblxc 5.0.2 fails in two ways, and nothing has run:
 *
 *  - One in some hundred is lost: with `seccomp.notify` two of its processes write to one socket,
 *    and their order is left to chance. It can be tried again.
 *  - The monitor hands sysinfo(2) to pctfs; it forgets where once pctfs did not answer, and from
 *    then on takes no command that has the rule. liblxc waits for that command to end before it
 *    says so, hence the command's patience is short; longer each time, for a host that is busy.
 */
struct gate {
	int in, out; /* the command's end, and ours */
	int patience_ms;
	char *const *argv;
};

#define TRIES	    5
#define PATIENCE_MS 100
#define LOG_TAIL    65536

/* In the container. */
static int become(void *payload)
{
	const struct gate *g = payload;
	struct pollfd p = { .fd = g->in, .events = POLLIN };
	char go;
	int err;

	close(g->out);
	if (poll(&p, 1, g->patience_ms) != 1 || recv(g->in, &go, 1, 0) != 1 ||
	    send(g->in, &go, 1, MSG_NOSIGNAL) != 1)
		return EXIT_FAILURE;
	execvp(g->argv[0], g->argv);
	err = errno;
	say(SAY_ERR, -err, "run '%s' in the container", g->argv[0]);
	return err == ENOENT ? 127 : 126;
}

static void reap(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* 0 and the command's pid; -EAGAIN: not attached, and nothing was run. */
static int attach(unsigned vmid, char *const *argv, int patience_ms, lxc_attach_options_t *how,
		  pid_t *pid)
{
	auto_container *c = NULL;
	auto_fd in = -EBADF, out = -EBADF;
	struct gate g = { .patience_ms = patience_ms, .argv = argv };
	char go = 1;
	int ends[2], r;

	/* A new one for every try: liblxc keeps in it what it has read of the rules. */
	r = ct_open(vmid, &c);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(-errno, "enter CT %u", vmid);
	in = g.in = ends[0];
	out = g.out = ends[1];
	r = c->attach(c, become, &g, how, pid);
	close_fd(&in);
	if (r == 0 && send(out, &go, 1, MSG_NOSIGNAL) == 1 && recv(out, &go, 1, 0) == 1)
		return 0;
	close_fd(&out);
	reap();
	return -EAGAIN;
}

/*
 * Without the rule that needs pctfs. liblxc asks the monitor for the name of the rules and then
 * reads them, so for that moment they are others; a command that enters meanwhile has them too.
 */
static int attach_alone(unsigned vmid, char *const *argv, lxc_attach_options_t *how, pid_t *pid)
{
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", vmid);
	auto_fd lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return fail(-errno, "lock '%s'", dir);
	r = start_rules_alone(dir);
	if (r < 0)
		return r;
	r = attach(vmid, argv, PATIENCE_MS << (TRIES - 1), how, pid);
	(void)start_rules_back(dir);
	if (r == 0)
		warn(0,
		     "CT %u has lost pctfs, and sysinfo(2) fails in there; 'pct stop %u' and "
		     "'pct start %u' mend it",
		     vmid, vmid, vmid);
	return r;
}

/* Is that in the container's log, from where @log is? */
static bool has_lost_pctfs(int log)
{
	static const char said[] = "No seccomp proxy";
	auto_free char *text = malloc(LOG_TAIL);
	ssize_t n = text ? read(log, text, LOG_TAIL) : -1;

	return n > 0 && memmem(text, (size_t)n, said, strlen(said));
}

/* Rather once too often than never without the rule, should the log not say so. */
static int enter(unsigned vmid, char *const *argv, lxc_attach_options_t *how, pid_t *pid)
{
	auto_free char *path = path_to("var/lib/pct/lxc/%u/log", vmid);
	auto_fd log = open(path, O_RDONLY | O_CLOEXEC);
	int r = -EAGAIN;

	(void)lseek(log, 0, SEEK_END);
	for (int i = 0; i < TRIES && r == -EAGAIN && ct_running(vmid) && !has_lost_pctfs(log); i++)
		r = attach(vmid, argv, PATIENCE_MS << i, how, pid);
	if (r == -EAGAIN && ct_running(vmid))
		r = attach_alone(vmid, argv, how, pid);
	if (r != -EAGAIN)
		return r;
	if (!ct_running(vmid))
		return refuse(-ESRCH, "CT %u does not run any more; 'pct start %u' starts it", vmid,
			      vmid);
	return refuse(-EIO,
		      "enter CT %u: liblxc cannot attach; 'pct stop %u' and 'pct start %u' would "
		      "mend it",
		      vmid, vmid, vmid);
}

int ct_exec(unsigned vmid, const char *const *argv)
{
	const char *term = getenv("TERM");
	auto_free char *terminal = text_of("TERM=%s", term ? term : "linux");
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char home[] = "HOME=/root", kind[] = "container=lxc", slash[] = "/";
	char *environment[] = { path, home, kind, terminal, NULL };
	lxc_attach_options_t how = LXC_ATTACH_OPTIONS_DEFAULT;
	int r, status;
	pid_t pid;

	how.env_policy = LXC_ATTACH_CLEAR_ENV;
	how.extra_env_vars = environment;
	how.initial_cwd = slash;
	r = enter(vmid, (char *const *)argv, &how, &pid);
	if (r < 0)
		return r;
	/* A ^C at the terminal is for the command; we wait for what it makes of it. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(-errno, "wait for the command in CT %u", vmid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
