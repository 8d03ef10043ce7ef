// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A command into a running container, by liblxc's attach.
 */
#include <fcntl.h>
#include <lxc/attach_options.h>
#include <lxc/lxccontainer.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fds.h"
#include "base/say.h"
#include "pct/ct/attach.h"
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
#define TRIES	    5
#define PATIENCE_MS 100
#define LOG_TAIL    65536

struct entering {
	unsigned vmid;
	const struct ct_command *what;
	const struct ct_terminal *terminal;
	lxc_attach_options_t how;
	int lock; /* of the directory with the rules; or -EBADF */
	/* What came of it. */
	pid_t pid;
	int master; /* the other end of its terminal */
};

static void reap(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* The command's answer at the gate: with its terminal, if it has one. */
static int hear(int gate, int *master)
{
	struct become_answer a = { 0 };

	if (fds_receive(gate, &a, sizeof(a), master, 1) != (ssize_t)sizeof(a))
		return -EAGAIN;
	return a.error;
}

/* 0; -EAGAIN: not attached, and nothing was run. */
static int attach(struct entering *e, int patience_ms)
{
	auto_container *c = NULL;
	auto_fd in = -EBADF, out = -EBADF;
	struct become b = { .what = e->what,
			    .terminal = e->terminal,
			    .lock = e->lock,
			    .patience_ms = patience_ms };
	struct sigaction interrupt, quit;
	char go = 1;
	int ends[2], r;

	/* A new one for every try: liblxc keeps in it what it has read of the rules. */
	r = ct_open(e->vmid, &c);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(-errno, "enter CT %u", e->vmid);
	in = b.gate = ends[0];
	out = b.out = ends[1];
	/* liblxc leaves its caller deaf to ^C. */
	sigaction(SIGINT, NULL, &interrupt);
	sigaction(SIGQUIT, NULL, &quit);
	r = c->attach(c, become, &b, &e->how, &e->pid);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	close_fd(&in);
	r = r == 0 && send(out, &go, 1, MSG_NOSIGNAL) == 1 ? hear(out, &e->master) : -EAGAIN;
	close_fd(&out);
	if (r < 0)
		reap();
	if (r < 0 && r != -EAGAIN)
		return fail(r, "make a terminal in CT %u; is its /dev/pts mounted?", e->vmid);
	return r;
}

/*
 * Without the rule that needs pctfs. liblxc asks the monitor for the name of the rules and then
 * reads them, so for that moment they are others; a command that enters meanwhile waits for it.
 */
static int attach_alone(struct entering *e)
{
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", e->vmid);
	auto_fd lock = -EBADF;
	int r = start_rules_lock(dir, &lock);

	if (r == 0)
		r = start_rules_alone(dir);
	if (r < 0)
		return r;
	e->lock = lock;
	r = attach(e, PATIENCE_MS << (TRIES - 1));
	(void)start_rules_back(dir);
	e->lock = -EBADF;
	if (r == 0)
		warn(0,
		     "CT %u has lost pctfs, and sysinfo(2) fails in there; 'pct stop %u' and "
		     "'pct start %u' mend it",
		     e->vmid, e->vmid, e->vmid);
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
static int enter(struct entering *e)
{
	auto_free char *path = path_to("var/lib/pct/lxc/%u/log", e->vmid);
	auto_free char *dir = path_to("var/lib/pct/lxc/%u", e->vmid);
	auto_fd log = open(path, O_RDONLY | O_CLOEXEC);
	unsigned vmid = e->vmid;
	int r = start_rules_mend(dir);

	if (r < 0)
		return r;
	(void)lseek(log, 0, SEEK_END);
	r = -EAGAIN;
	for (int i = 0; i < TRIES && r == -EAGAIN && ct_running(vmid) && !has_lost_pctfs(log); i++)
		r = attach(e, PATIENCE_MS << i);
	if (r == -EAGAIN && ct_running(vmid))
		r = attach_alone(e);
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

int ct_attach(unsigned vmid, const struct ct_command *what, const struct ct_terminal *terminal,
	      pid_t *pid, int *master)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char kind[] = "container=lxc", term[] = "TERM=linux", slash[] = "/";
	char *environment[] = { kind, path, term, NULL };
	struct entering e = { .vmid = vmid,
			      .what = what,
			      .terminal = terminal,
			      .how = LXC_ATTACH_OPTIONS_DEFAULT,
			      .lock = -EBADF,
			      .master = -EBADF };
	int r;

	if (what->keep_env)
		environment[1] = NULL;
	e.how.env_policy = what->keep_env ? LXC_ATTACH_KEEP_ENV : LXC_ATTACH_CLEAR_ENV;
	e.how.extra_env_vars = environment;
	e.how.initial_cwd = slash;
	r = enter(&e);
	if (r < 0)
		return r;
	*pid = e.pid;
	*master = e.master;
	return 0;
}
