// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hinder LAUNCH TRIES PID OTHER-PID: containers that end in the middle of an attach; a process that
 * does, in container PID, which goes on; and eight attaches of PID that hang, while another one's
 * is made.
 *
 * Prints one line for each thing that was looked at, as tests/e2e/lib.sh does.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/attempt.h"

#define HANG	   8
#define PATIENCE_S 5 /* launcher/attach.c's: who waits longer has waited for somebody */

static unsigned long tries;
static int targets; /* stops of an attach */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- who ends ---- */

static pid_t container_new(void)
{
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe(ends) < 0)
		die("pipe");
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid < 0)
		die("clone");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("proc", "/proc", "proc", 0, NULL) < 0 || write(ends[1], ".", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		die("a container");
	close(ends[0]);
	return pid;
}

/* Of the container that @whose is in. */
static pid_t process_new(const char *whose)
{
	char mounts[48];
	int ends[2];
	char byte;
	pid_t pid;

	snprintf(mounts, sizeof(mounts), "/proc/%s/ns/mnt", whose);
	if (pipe(ends) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		FILE *f = fopen(mounts, "r");

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!f || setns(fileno(f), CLONE_NEWNS) < 0 || write(ends[1], ".", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		die("a process");
	close(ends[0]);
	return pid;
}

struct counts {
	unsigned long hits, attached, refused, unsaid;
};

/* Ended when the attach has come to its stop @at; reaped then, or only in the end. */
static void end_once(pid_t whom, const char *as, int at, bool reap, struct counts *c)
{
	char name[16], target[TARGET_MAX];
	struct attempt a;
	bool hit = false;

	snprintf(name, sizeof(name), "%d", whom);
	start(&a, name, as);
	for (int i = 0; reached(&a, target, sizeof(target)); i++) {
		if (i == at) {
			siginfo_t info;

			hit = kill(whom, SIGKILL) == 0;
			if (waitid(P_PID, (id_t)whom, &info, WEXITED | (reap ? 0 : WNOWAIT)) < 0)
				die("waitid");
		}
		go_on(&a);
	}
	finish(&a);
	c->hits += hit;
	*(a.status ? &c->refused : &c->attached) += 1;
	c->unsaid += !is_said(&a) || (a.status && !strstr(a.said, "ended"));
	if (!hit)
		kill(whom, SIGKILL);
	if (!hit || !reap)
		waitpid(whom, NULL, 0);
}

static void containers_end(void)
{
	struct counts gone = { 0 }, late = { 0 };
	char as[32], what[200];

	while (gone.hits < tries) {
		snprintf(as, sizeof(as), "short%lu", gone.hits);
		end_once(container_new(), as, rand() % targets, rand() % 2, &gone);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(as, sizeof(as), "late%d", i);
		end_once(container_new(), as, targets, true, &late);
	}
	/* What it was attached to is no container any more. */
	snprintf(what, sizeof(what),
		 "%lu containers that ended between resolve and move: %lu attached, %lu refused "
		 "(container gone)",
		 gone.hits, gone.attached, gone.refused);
	say(gone.hits >= tries && !gone.attached, what);
	snprintf(what, sizeof(what), "100 that ended after it: %lu attached, %lu refused",
		 late.attached, late.refused);
	say(late.hits == 0 && !late.refused, what);
	say(!gone.unsaid && !late.unsaid, "that they have ended is what is said, in one line");
}

static int views(const char *whose)
{
	char path[48], *line = NULL;
	size_t size = 0;
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/mountinfo", whose);
	f = fopen(path, "r");
	while (f && getline(&line, &size, f) > 0)
		n += strstr(line, " /proc/") && strstr(line, " - fuse.pctfs ");
	free(line);
	if (f)
		fclose(f);
	return n;
}

static void processes_end(const char *whose)
{
	struct counts gone = { 0 };
	char what[200];
	int left = 0;

	for (int i = 0; i < targets; i++) {
		end_once(process_new(whose), "passer-by", i, i % 2, &gone);
		left += views(whose);
	}
	snprintf(what, sizeof(what),
		 "a process that ends, in a container that does not, %lu times: %lu attached, "
		 "%lu refused, %d views left",
		 gone.hits, gone.attached, gone.refused, left);
	say((int)gone.refused == targets && !gone.unsaid && !left, what);
}

/* ---- who hangs ---- */

static void hangs(const char *whose, const char *other)
{
	struct attempt a[HANG];
	char target[TARGET_MAX], what[200];
	double longest = 0, begun = now();
	int n = 0, hung = 0, said = 0;

	for (int i = 0; i < HANG; i++) {
		start(&a[i], whose, "a");
		if (!reached(&a[i], target, sizeof(target)))
			die("an attach that stops");
	}
	for (int i = 0; i < 10; i++) {
		double t = now();

		n += attach(other, "b");
		longest = now() - t > longest ? now() - t : longest;
	}
	for (int i = 0; i < HANG; i++)
		hung += goes(&a[i]);
	snprintf(what, sizeof(what),
		 "another container is attached %d of 10 times while %d attaches hang (%.0f ms at "
		 "most)",
		 n, hung, longest * 1e3);
	/* On a machine that slow they are given up meanwhile: nothing is shown. */
	say(n == 10 && (hung == HANG || now() - begun > PATIENCE_S) && longest < PATIENCE_S, what);
	for (int i = 0; i < HANG; i++) {
		finish(&a[i]);
		said += is_said(&a[i]);
	}
	snprintf(what, sizeof(what), "%d attaches that went on: each was done, or said why not",
		 said);
	say(said == HANG, what);
}

static int count_targets(const char *whose, const char *as)
{
	char target[TARGET_MAX];
	struct attempt a;
	int n = 0;

	start(&a, whose, as);
	for (; reached(&a, target, sizeof(target)); n++)
		go_on(&a);
	finish(&a);
	return a.status == 0 ? n : 0;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fputs("usage: hinder LAUNCH TRIES PID OTHER-PID\n", stderr);
		return 2;
	}
	launch = argv[1], tries = strtoul(argv[2], NULL, 10);
	targets = count_targets(argv[4], "b");
	if (targets < 1)
		die("an attach that nobody hinders");
	srand(6);
	containers_end();
	processes_end(argv[3]);
	hangs(argv[3], argv[4]);
	return failed;
}
