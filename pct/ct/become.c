// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a process of ours does between its arrival in a container and exec: nothing of the host's
 * goes with it, and whatever the container's files say or are, they are read as the container's.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/fds.h"
#include "base/say.h"
#include "pct/ct/account.h"
#include "pct/ct/attach.h"
#include "pct/paths.h"

#define NOT_RUN	  126
#define NOT_FOUND 127

static bool is_ptmx(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 2) &&
	       fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC;
}

/* Of the container's devpts, so that its programs find a name for it: our own end, and theirs. */
static int open_terminal(const struct ct_terminal *how, int *ours, int *theirs)
{
	auto_fd master =
	    open("/dev/pts/ptmx", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	auto_fd slave = -EBADF;
	int unlock = 0;

	if (master < 0)
		return -errno;
	if (!is_ptmx(master))
		return -ENOTTY;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || (how->has_modes && tcsetattr(slave, TCSANOW, &how->modes) < 0) ||
	    ioctl(slave, TIOCSWINSZ, &how->size) < 0)
		return -errno;
	*ours = take_fd(&master);
	*theirs = take_fd(&slave);
	return 0;
}

static bool answer(int gate, int error, int fd)
{
	struct become_answer a = { .error = error };

	return fds_send(gate, &a, sizeof(a), &fd, fd >= 0, 0) == 0 && error == 0;
}

/* Until told to go; false: it is not to go. */
static bool pass_gate(const struct become *b, int *theirs)
{
	struct pollfd p = { .fd = b->gate, .events = POLLIN };
	auto_fd ours = -EBADF;
	char go;
	int r = 0;

	close(b->out);
	if (poll(&p, 1, b->patience_ms) != 1 || recv(b->gate, &go, 1, 0) != 1)
		return false;
	if (b->terminal)
		r = open_terminal(b->terminal, &ours, theirs);
	return answer(b->gate, r, ours);
}

/*
 * A session of its own: a program that could reach the terminal of its caller as its controlling
 * one could type there (TIOCSTI), and outlive us.
 */
static int take_terminal(int theirs)
{
	if (setsid() < 0)
		return fail(-errno, "begin a session");
	if (theirs < 0)
		return 0;
	if (ioctl(theirs, TIOCSCTTY, 0) < 0)
		return fail(-errno, "take the terminal");
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if ((fd != STDERR_FILENO || isatty(fd)) && dup2(theirs, fd) < 0)
			return fail(-errno, "take the terminal");
	return 0;
}

static int take_null(void)
{
	auto_fd null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return fail(-errno, "open /dev/null in the container");
	return 0;
}

static int set_user(const struct account *a, int theirs)
{
	auto_free char *text = NULL;
	struct span group;
	gid_t groups[ACCOUNT_GROUPS];
	size_t n;

	if (account_read("/etc/group", &text, &group) < 0)
		group = span_of("");
	n = account_groups(group, a->name ? a->name : "", a->gid, groups);
	if (theirs >= 0 && fchown(theirs, a->uid, (gid_t)-1) < 0)
		warn(-errno, "give the terminal to user %u", a->uid);
	if (setgroups(n, groups) < 0 || setresgid(a->gid, a->gid, a->gid) < 0 ||
	    setresuid(a->uid, a->uid, a->uid) < 0)
		return fail(-errno, "become user %u of the container", a->uid);
	return 0;
}

/* liblxc has made it empty, or kept ours; its container's own lines are in it already. */
static void set_environment(const struct ct_command *c, const struct account *a, const char *term)
{
	bool over = !c->keep_env;

	setenv("HOME", a->home && *a->home ? a->home : "/", over && c->user);
	setenv("USER", a->name ? a->name : "", over);
	setenv("LOGNAME", a->name ? a->name : "", over);
	setenv("SHELL", a->shell && *a->shell ? a->shell : "/bin/sh", over);
	if (!a->name) {
		unsetenv("USER");
		unsetenv("LOGNAME");
	}
	if (term)
		setenv("TERM", term, 1);
	for (size_t i = 0; c->env && c->env[i]; i++) {
		auto_free char *name = strndup(c->env[i], strcspn(c->env[i], "="));

		if (name)
			setenv(name, c->env[i] + strlen(name) + 1, 1);
	}
}

static int set_cwd(const struct ct_command *c, const struct account *a)
{
	if (c->cwd)
		return chdir(c->cwd) < 0 ? fail(-errno, "enter '%s' in the container", c->cwd) : 0;
	if (c->argv || !a->home || !*a->home || chdir(a->home) < 0)
		return chdir("/") < 0 ? -errno : 0;
	return 0;
}

static int run_command(const struct ct_command *c)
{
	int err;

	execvp(c->argv[0], (char *const *)c->argv);
	err = errno;
	say(SAY_ERR, -err, "run '%s' in the container", c->argv[0]);
	return err == ENOENT ? NOT_FOUND : NOT_RUN;
}

static int run_shell(const struct account *a)
{
	const char *shell = a->shell && *a->shell ? a->shell : "/bin/sh";
	int err;

	execl(shell, shell, NULL);
	if (errno == ENOENT)
		execl("/bin/sh", "/bin/sh", NULL);
	err = errno;
	say(SAY_ERR, -err, "run '%s' in the container", shell);
	return err == ENOENT ? NOT_FOUND : NOT_RUN;
}

/* Without a user's name a container needs no files: root is there. */
static int look_up(const struct ct_command *c, struct account *out)
{
	auto_free char *text = NULL;
	struct span passwd;

	if (c->user)
		return account_look_up(c->user, out);
	if (account_read("/etc/passwd", &text, &passwd) < 0)
		passwd = span_of("");
	if (account_find(passwd, "0", out) < 0)
		*out = (struct account){ .name = text_of("root"), .home = text_of("/root") };
	out->gid = 0;
	return 0;
}

int become(void *payload)
{
	const struct become *b = payload;
	const struct ct_command *c = b->what;
	struct account a = { 0 };
	int theirs = -EBADF, r;

	if (!pass_gate(b, &theirs))
		return EXIT_FAILURE;
	if (b->lock >= 0)
		close(b->lock);
	r = take_terminal(theirs);
	if (r == 0 && c->no_stdin)
		r = take_null();
	/* What our caller left open is none of the container's business. */
	if (r == 0 && close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		r = fail(-errno, "keep our files to ourselves");
	if (r == 0)
		r = look_up(c, &a);
	if (r == 0)
		r = set_user(&a, theirs);
	if (r == 0)
		r = set_cwd(c, &a);
	if (r < 0)
		return NOT_RUN;
	set_environment(c, &a, b->terminal ? b->terminal->name : NULL);
	return c->argv ? run_command(c) : run_shell(&a);
}
