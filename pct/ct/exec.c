// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A command in a container from its beginning to its end. Without a terminal it has our own stdin,
 * stdout and stderr, so that `pct exec ... | less` works as it does without pct.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/ct/attach.h"
#include "pct/ct/lxc.h"
#include "pct/ct/relay.h"

#define HANG_UP_MS 1000

/* What is at a terminal ends with it, as a rule; nobody but us reaps it. */
static void hang_up(pid_t child)
{
	kill(-child, SIGHUP);
	for (int i = 0; i < HANG_UP_MS && waitpid(child, NULL, WNOHANG) == 0; i += 5)
		poll(NULL, 0, 5);
}

int ct_exec(unsigned vmid, const struct ct_command *what)
{
	struct ct_terminal terminal;
	bool has = !what->no_stdin && relay_terminal(&terminal);
	struct relay r = { .escape = RELAY_NO_ESCAPE };
	auto_fd master = -EBADF;
	enum relay_end end;
	int status = 0, e;

	e = ct_attach(vmid, what, has ? &terminal : NULL, &r.child, &master);
	if (e < 0)
		return e;
	r.master = master;
	end = relay_run(&r, &status);
	if (end == RELAY_KILLED) {
		close_fd(&master);
		hang_up(r.child);
		return 128 + status;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
