// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/attempt.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const char *launch;
int failed;

void die(const char *what)
{
	perror(what);
	exit(1);
}

void say(bool ok, const char *what)
{
	printf("%s - %s\n", ok ? "ok" : "not ok", what);
	fflush(stdout);
	failed |= !ok;
}

void start(struct attempt *a, const char *whom, const char *as)
{
	int pauses[2], errors[2];
	char name[16];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pauses) < 0 ||
	    pipe2(errors, O_CLOEXEC) < 0)
		die("socketpair");
	a->pid = fork();
	if (a->pid == 0) {
		snprintf(name, sizeof(name), "%d", dup(pauses[1]));
		setenv("PCT_PAUSE_FD", name, 1);
		dup2(errors[1], 2);
		execl(launch, launch, "attach", whom, as, NULL);
		_exit(127);
	}
	close(pauses[1]);
	close(errors[1]);
	a->pause = pauses[0];
	a->errors = errors[0];
}

bool reached(struct attempt *a, char *target, size_t size)
{
	ssize_t n = recv(a->pause, target, size - 1, 0);

	target[n > 0 ? n : 0] = '\0';
	return n > 0;
}

void go_on(struct attempt *a)
{
	(void)!send(a->pause, ".", 1, MSG_NOSIGNAL);
}

bool goes(const struct attempt *a)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)a->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !info.si_pid;
}

void finish(struct attempt *a)
{
	char target[TARGET_MAX];
	size_t have = 0;
	ssize_t n;
	int s;

	while (reached(a, target, sizeof(target)))
		go_on(a);
	while ((n = read(a->errors, a->said + have, sizeof(a->said) - 1 - have)) > 0)
		have += (size_t)n;
	a->said[have] = '\0';
	if (waitpid(a->pid, &s, 0) < 0)
		die("waitpid");
	a->status = WIFEXITED(s) ? WEXITSTATUS(s) : -1;
	close(a->pause);
	close(a->errors);
}

bool attach(const char *whom, const char *as)
{
	struct attempt a;

	start(&a, whom, as);
	finish(&a);
	return a.status == 0;
}

bool is_said(const struct attempt *a)
{
	static int told;
	const char *end = strchr(a->said, '\n');
	bool right = a->status == 0 ? !*a->said : a->status == 1 && end && !end[1];

	if (!right && told++ < 5)
		fprintf(stderr, "status %d, and said:\n%s\n", a->status, a->said);
	return right;
}
