// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct console: the screen and keyboard of a container, where its getty or its init is. With
 * `cmode: shell` a shell, without a password.
 */
#include <fcntl.h>
#include <lxc/lxccontainer.h>
#include <signal.h>

#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/ct/relay.h"
#include "pct/paths.h"

#define TTY_CONSOLE  0
#define TTY_ANY	     (-1)
#define CONTROL(key) ((key)&0x1f)

/* liblxc says no more than that it did not get one: not from a monitor that has it no more. */
static int refuse_tty(unsigned vmid, int tty)
{
	if (!ct_running(vmid))
		return refuse(-ESRCH, "CT %u does not run; 'pct start %u' starts it", vmid, vmid);
	if (tty == TTY_ANY)
		return refuse(-EBUSY,
			      "every tty of CT %u is in use by another pct console; "
			      "'pct enter %u' opens a shell",
			      vmid, vmid);
	if (tty == TTY_CONSOLE)
		return refuse(-EBUSY, "the console of CT %u is in use by another pct console",
			      vmid);
	return refuse(-EBUSY, "tty %d of CT %u is in use by another pct console", tty, vmid);
}

/*
 * The console reaches us through a second terminal of liblxc's, which makes "\r\n" of "\n" as the
 * container's own has already done.
 */
static void leave_lines_alone(int master)
{
	struct termios t;

	if (tcgetattr(master, &t) == 0) {
		cfmakeraw(&t);
		tcsetattr(master, TCSANOW, &t);
	}
}

/* @keep holds it, and @master is our end. */
static int open_tty(unsigned vmid, int *tty, int *keep, int *master)
{
	auto_container *c = NULL;
	int number = *tty, fd = -EBADF, r;

	r = ct_open(vmid, &c);
	if (r < 0)
		return r;
	r = c->console_getfd(c, &number, &fd);
	if (r < 0)
		return refuse_tty(vmid, *tty);
	if (number == TTY_CONSOLE)
		leave_lines_alone(fd);
	*keep = r;
	*tty = number;
	*master = fd;
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ? -errno : 0;
}

static int tell_end(unsigned vmid, enum relay_end end, int status)
{
	switch (end) {
	case RELAY_LEFT:
		fputc('\n', stderr);
		return 0;
	case RELAY_KILLED:
		return 128 + status;
	default:
		fputc('\n', stderr);
		info("CT %u has ended its console", vmid);
		return 0;
	}
}

static int relay_tty(unsigned vmid, int tty, int escape)
{
	auto_fd keep = -EBADF, master = -EBADF;
	struct relay r = { .escape = escape };
	struct ct_terminal ignored;
	enum relay_end end;
	int status = 0, e;

	if (!relay_terminal(&ignored))
		return refuse(-ENOTTY, "a console needs a terminal; 'pct exec %u' does not", vmid);
	e = open_tty(vmid, &tty, &keep, &master);
	if (e < 0)
		return e;
	r.master = master;
	if (tty == TTY_CONSOLE)
		info("console of CT %u; ^%c q leaves it", vmid, '`' + escape);
	else
		info("tty %d of CT %u; ^%c q leaves it", tty, vmid, '`' + escape);
	end = relay_run(&r, &status);
	return tell_end(vmid, end, status);
}

/* What the conf or the user says: a tty's number; @shell: it is none. */
static int choose(const struct args *a, const struct config *c, int *tty, bool *shell)
{
	const char *mode = key_value(c, "cmode"), *asked = args_value(a, "tty");
	int64_t most = 0;

	if (key_number(c, "tty", &most) == 0)
		most /= NUMBER_SCALE;
	*tty = asked ? atoi(asked) : strcmp(mode, "console") == 0 ? TTY_CONSOLE : TTY_ANY;
	*shell = !asked && strcmp(mode, "shell") == 0;
	if (*shell)
		return 0;
	if (*tty == TTY_CONSOLE && !key_bool(c, "console"))
		return refuse(-ENODEV,
			      "CT %u has no console; 'pct set %u --console 1' and its next start "
			      "give it one",
			      a->vmid, a->vmid);
	if (*tty > most || (*tty == TTY_ANY && most == 0))
		return refuse(-ENODEV,
			      "CT %u has %lld tty, and no more before 'pct set %u --tty' and its "
			      "next start; 'pct enter %u' opens a shell",
			      a->vmid, (long long)most, a->vmid, a->vmid);
	return 0;
}

static int run(const struct args *a)
{
	CLEANUP(config_free) struct config c = { 0 };
	const char *escape = args_value(a, "escape");
	struct ct_command command = { 0 };
	bool shell = false;
	int tty = TTY_ANY, r = conf_load(a->vmid, &c);

	if (r == 0)
		r = choose(a, &c, &tty, &shell);
	if (r < 0)
		return r;
	if (!ct_running(a->vmid))
		return refuse(-ESRCH, "CT %u does not run; 'pct start %u' starts it", a->vmid,
			      a->vmid);
	if (shell)
		return ct_exec(a->vmid, &command);
	return relay_tty(a->vmid, tty, CONTROL(escape ? escape[strlen(escape) - 1] : 'a'));
}

static const char *form_key(const char *text)
{
	size_t n = strlen(text);
	bool letter = n && text[n - 1] >= 'a' && text[n - 1] <= 'z';

	return letter && (n == 1 || (n == 2 && *text == '^')) ? NULL : "a key: ^a to ^z";
}

static const struct option options[] = {
	{ "escape", OPTION_TEXT, .min = 1, .max = 2, .form = form_key, .value = "<^a>",
	  .help = "this key, then q, leaves it; typed twice it goes there (default ^a)" },
	{ "tty", OPTION_INT, .min = 0, .max = 6, .value = "<number>",
	  .help = "this one; 0: the console (default: what cmode says, the first that is free)" },
};

const struct command cmd_console = {
	.name = "console",
	.args = "<vmid>",
	.help = "Open the console of a running container",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
