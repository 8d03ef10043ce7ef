// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/say.h"
#include "pct/ct/relay.h"

#define CHUNK	4096
#define LOOK_MS 200

/* While a relay runs. */
struct state {
	const struct relay *r;
	struct termios modes; /* of our terminal, to be put back */
	bool raw;
	bool hung_up;
	bool exited;
	bool escaped; /* the escape came just now */
	int killed;
	int status;
	char typed[CHUNK]; /* what the other end has not taken yet */
	size_t n, at;
};

/* What signals come is known by a byte in a pipe: one that comes just before poll() is seen too. */
static int notes[2] = { -EBADF, -EBADF };

static void on_signal(int sig)
{
	int saved = errno;
	char byte = (char)sig;

	(void)!write(notes[1], &byte, 1);
	errno = saved;
}

static const int signals[] = {
	SIGCHLD, SIGWINCH, SIGCONT, SIGTSTP, SIGINT, SIGQUIT, SIGTERM, SIGHUP
};

static int watch_signals(void)
{
	struct sigaction ours = { .sa_handler = on_signal }, was;

	if (pipe2(notes, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail(-errno, "watch for signals");
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		sigaction(signals[i], NULL, &was);
		/* nohup's stays ignored. */
		if (was.sa_handler != SIG_IGN || signals[i] == SIGCHLD)
			sigaction(signals[i], &ours, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

bool relay_terminal(struct ct_terminal *out)
{
	struct ct_terminal t = { .name = getenv("TERM") };

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &t.modes) < 0)
		return false;
	(void)ioctl(STDIN_FILENO, TIOCGWINSZ, &t.size);
	/* Those of a shell that edits its next line are not what it gives its jobs. */
	t.has_modes = (t.modes.c_lflag & ICANON) && tcgetpgrp(STDIN_FILENO) == getpgrp();
	*out = t;
	return true;
}

/* Of a terminal that another job has now nothing is read and nothing changed. */
static void make_raw(struct state *s)
{
	struct termios raw;

	if (s->raw || s->r->master < 0 || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
	    tcgetattr(STDIN_FILENO, &s->modes) < 0)
		return;
	raw = s->modes;
	cfmakeraw(&raw);
	s->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

/* Also from the background, where it would stop us. */
static void make_cooked(struct state *s)
{
	sigset_t block, was;

	if (!s->raw)
		return;
	s->raw = false;
	sigemptyset(&block);
	sigaddset(&block, SIGTTOU);
	sigprocmask(SIG_BLOCK, &block, &was);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &s->modes);
	sigprocmask(SIG_SETMASK, &was, NULL);
}

static void pass_size(const struct state *s)
{
	struct winsize size;

	if (s->r->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(s->r->master, TIOCSWINSZ, &size);
}

static void tell(const struct state *s, int sig)
{
	if (s->r->child > 0)
		kill(-s->r->child, sig);
}

static void reap(struct state *s)
{
	pid_t pid;

	do
		pid = waitpid(s->r->child, &s->status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	s->exited = pid == s->r->child;
}

/* A terminal's jobs are stopped by it, there. Without one the command stops as we do. */
static void stop(struct state *s)
{
	make_cooked(s);
	if (s->r->master < 0)
		tell(s, SIGSTOP);
	raise(SIGSTOP);
	if (s->r->master < 0)
		tell(s, SIGCONT);
	make_raw(s);
	pass_size(s);
}

static void take_signal(struct state *s, int sig)
{
	switch (sig) {
	case SIGCHLD:
		if (s->r->child > 0 && !s->exited)
			reap(s);
		return;
	case SIGWINCH:
	case SIGCONT:
		make_raw(s);
		pass_size(s);
		return;
	case SIGTSTP:
		stop(s);
		return;
	case SIGTERM:
	case SIGHUP:
		/* A shell at a terminal would not end by it: it does when that is gone. */
		if (s->r->master >= 0)
			s->killed = sig;
		break;
	}
	if (s->r->child == 0)
		s->killed = sig;
	tell(s, sig);
}

/* What is typed, without what is meant for us; true: leave. */
static bool take_escape(struct state *s, size_t n)
{
	size_t kept = 0;

	if (s->r->escape == RELAY_NO_ESCAPE) {
		s->n = n;
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		char c = s->typed[i];

		if (s->escaped && c == 'q')
			return true;
		/* Typed twice it is meant for the other end, once. */
		if (!s->escaped && c == (char)s->r->escape) {
			s->escaped = true;
			continue;
		}
		s->escaped = false;
		s->typed[kept++] = c;
	}
	s->n = kept;
	return false;
}

static bool take_typed(struct state *s)
{
	ssize_t n = read(STDIN_FILENO, s->typed, sizeof(s->typed));

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		take_signal(s, SIGHUP);
	s->at = s->n = 0;
	return n > 0 && take_escape(s, (size_t)n);
}

static void give_typed(struct state *s)
{
	ssize_t n = write(s->r->master, s->typed + s->at, s->n - s->at);

	if (n > 0)
		s->at += (size_t)n;
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		s->hung_up = true;
	if (s->at == s->n)
		s->at = s->n = 0;
}

static void read_notes(struct state *s)
{
	char byte;

	while (read(notes[0], &byte, 1) == 1)
		take_signal(s, byte);
}

/* Of all that is written; a signal that ends us is looked for meanwhile. */
static void print(struct state *s, const char *p, size_t n)
{
	while (n && !s->killed) {
		ssize_t done = write(STDOUT_FILENO, p, n);

		if (done < 0 && errno == EINTR)
			read_notes(s);
		else if (done < 0 && errno == EAGAIN)
			poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, 100);
		else if (done < 0)
			return;
		else
			p += done, n -= (size_t)done;
	}
}

/* False: there is no more just now. */
static bool take_printed(struct state *s)
{
	char buf[CHUNK];
	ssize_t n = read(s->r->master, buf, sizeof(buf));

	if (n > 0)
		print(s, buf, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		s->hung_up = true;
	return n > 0;
}

/* True: the user leaves. */
static bool turn(struct state *s)
{
	bool has_typed = s->at < s->n;
	struct pollfd p[] = {
		{ .fd = notes[0], .events = POLLIN },
		{ .fd = s->hung_up ? -1 : s->r->master,
		  .events = (short)(POLLIN | (has_typed ? POLLOUT : 0)) },
		{ .fd = -1, .events = POLLIN },
	};

	/* Nobody tells a job that runs that it is in the foreground now. */
	make_raw(s);
	if (s->raw && !has_typed)
		p[2].fd = STDIN_FILENO;
	if (poll(p, ARRAY_LEN(p), s->raw || s->r->master < 0 ? -1 : LOOK_MS) < 0)
		return false; /* a signal: its note is there now */
	read_notes(s);
	if (s->killed)
		return false;
	if (p[1].revents & POLLOUT)
		give_typed(s);
	if (p[1].revents & (POLLIN | POLLHUP | POLLERR))
		(void)take_printed(s);
	return p[2].revents && s->raw && take_typed(s);
}

enum relay_end relay_run(const struct relay *r, int *status)
{
	struct state s = { .r = r };
	bool left = false;

	if (watch_signals() < 0)
		return RELAY_KILLED;
	if (r->child > 0)
		reap(&s); /* it may have ended before we watched */
	make_raw(&s);
	pass_size(&s);
	while (!left && !s.killed && !s.exited && !(s.hung_up && r->child == 0))
		left = turn(&s);
	/* What it said last, not what others go on to say there. */
	for (int i = 0; s.exited && r->master >= 0 && i < 1024 && !s.killed; i++)
		if (!take_printed(&s))
			break;
	make_cooked(&s);
	*status = s.killed ? s.killed : s.status;
	return left	  ? RELAY_LEFT
	       : s.killed ? RELAY_KILLED
	       : s.exited ? RELAY_EXITED
			  : RELAY_HUNG_UP;
}
