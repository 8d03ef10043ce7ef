// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct startall, pct stopall: those that are to run when the host does, in their order, several at
 * a time. Each is a process of its own; what it says is shown, in one line, when it is done.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "pct/backup/guard.h"
#include "pct/cli/args.h"
#include "pct/conf/keys.h"
#include "pct/conf/store.h"
#include "pct/ct/lxc.h"
#include "pct/ct/order.h"
#include "pct/ct/start.h"
#include "pct/ct/stop.h"
#include "pct/ct/usage.h"
#include "pct/interrupt.h"
#include "pct/paths.h"

#define DOWN_S	 180 /* of one that does not say, as in Proxmox */
#define STARTING 8u  /* at a time, at most */
#define STOPPING 32  /* they mostly wait */

struct all {
	const struct args *args;
	bool stopping;
	unsigned at_once;
	int failed;
};

struct job {
	pid_t pid; /* 0: none, or done */
	int said;  /* a memfd: its stderr */
};

static int say_done(const struct all *a, const struct turn *t, int r)
{
	if (r == 0)
		printf("CT %u: %s\n", t->vmid, a->stopping ? "stopped" : "started");
	return r;
}

/* In its own process. One that came to run or to stop by itself is as it should be. */
static int do_one(const struct all *a, const struct turn *t)
{
	auto_lock lock = LOCK_NONE;
	const char *force = args_value(a->args, "force-stop");
	unsigned how = force && !args_bool(a->args, "force-stop") ? 0 : SHUTDOWN_FORCE;
	int r;

	r = a->stopping ? shutdown_container(t->vmid, (int)t->down, how, &lock)
			: start_container(t->vmid, 0);
	return r == -ESRCH || r == -EALREADY ? 0 : r;
}

static int begin(const struct all *a, const struct turn *t, struct job *out)
{
	auto_fd said = memfd_create("said", MFD_CLOEXEC);
	pid_t pid = said < 0 ? -1 : fork();

	if (pid < 0)
		return fail(-errno, "%s CT %u", a->stopping ? "stop" : "start", t->vmid);
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		dup2(said, STDERR_FILENO);
		_exit(do_one(a, t) < 0);
	}
	*out = (struct job){ pid, take_fd(&said) };
	return 0;
}

/* The last of its lines says what came of it; those before it are kept on it, so that it is one. */
static void show(int said, bool failed)
{
	char text[2048];
	ssize_t n = pread(said, text, sizeof(text) - 1, 0);

	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0)
		return;
	text[n] = '\0';
	for (char *p = text; (p = strchr(p, '\n'));)
		*p = ';';
	for (char *p = text; (p = strstr(p, ";pct: "));)
		memmove(p + 2, p + 6, strlen(p + 6) + 1), p[1] = ' ';
	say(failed ? SAY_ERR : SAY_WARN, 0, "%s", strncmp(text, "pct: ", 5) == 0 ? text + 5 : text);
}

/* One of them ends. */
static void reap(struct all *a, const struct turn *turns, struct job *jobs, size_t n)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(-1, &status, 0);
	while (pid < 0 && errno == EINTR);
	for (size_t i = 0; i < n; i++) {
		if (pid <= 0 || jobs[i].pid != pid)
			continue;
		jobs[i].pid = 0;
		show(jobs[i].said, status != 0);
		close_fd(&jobs[i].said);
		if (say_done(a, &turns[i], status ? -EIO : 0) < 0)
			a->failed++;
		fflush(stdout);
	}
}

static int run_together(struct all *a, const struct turn *turns, size_t n)
{
	auto_free struct job *jobs = calloc(n, sizeof(*jobs));
	size_t begun = 0, over = 0;

	if (!jobs)
		return fail(-ENOMEM, "start or stop all");
	while (over < begun || (begun < n && !interrupted())) {
		if (begun < n && begun - over < a->at_once && !interrupted()) {
			if (begin(a, &turns[begun], &jobs[begun]) < 0) {
				a->failed++;
				over++;
			}
			begun++;
		} else {
			reap(a, turns, jobs, begun);
			over++;
		}
	}
	return 0;
}

/* An interrupted sleep is over. */
static void pause_for(unsigned seconds)
{
	if (seconds && !interrupted())
		nanosleep(&(struct timespec){ .tv_sec = seconds }, NULL);
}

static int run_all(struct all *a, struct turn *turns, size_t n)
{
	int r = 0;

	order_sort(turns, n, a->stopping);
	interrupt_catch();
	while (r == 0 && n && !interrupted()) {
		size_t some = order_together(turns, n, a->stopping);

		r = run_together(a, turns, some);
		turns += some;
		n -= some;
		if (n && !a->stopping)
			pause_for(turns[-1].up);
	}
	if (r == 0 && interrupted() && n)
		r = refuse(-EINTR, "%s: interrupted; %zu not begun", a->args->command->name, n);
	else if (r == 0 && a->failed)
		r = refuse(-EIO, "%s: %d failed", a->args->command->name, a->failed);
	return r;
}

/* A backup that a crash of the host has ended. */
static int drop_stale_lock(unsigned vmid)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_lock lock = LOCK_NONE;
	const char *was;
	int r = lock_take(vmid, 10, &lock);

	if (r == 0)
		r = conf_load(vmid, &c);
	was = r < 0 ? NULL : config_get(&c, "lock");
	if (!was || strcmp(was, "backup") != 0)
		return r;
	config_unset(&c, "lock");
	info("CT %u: the lock of a backup that was interrupted is taken away", vmid);
	return conf_save(vmid, &c);
}

/* Is it one of them? */
static bool wanted(const struct all *a, unsigned vmid, const struct config *c)
{
	if (a->stopping)
		return ct_running(vmid);
	if (!key_bool(c, "onboot") && !args_bool(a->args, "force"))
		return false;
	if (key_bool(c, "template") || ct_running(vmid))
		return false;
	/* What fails of it the start will say. */
	if (args_bool(a->args, "boot") && config_get(c, "lock"))
		(void)drop_stale_lock(vmid);
	return true;
}

static int run(struct all *a)
{
	const char *down = args_value(a->args, "timeout");
	auto_free unsigned *vmids = NULL;
	auto_free struct turn *turns = NULL;
	size_t n, some = 0;
	int r = conf_list(&vmids, &n);

	if (r < 0)
		return r;
	if (!a->stopping)
		guard_recover_all();
	turns = calloc(n + 1, sizeof(*turns));
	if (!turns)
		return fail(-ENOMEM, "%s", a->args->command->name);
	for (size_t i = 0; i < n; i++) {
		CLEANUP(config_free) struct config c = { 0 };

		r = conf_load(vmids[i], &c);
		if (r < 0)
			a->failed += r != -ENOENT;
		else if (wanted(a, vmids[i], &c))
			order_read(vmids[i], &c, down ? (unsigned)atoi(down) : DOWN_S,
				   &turns[some++]);
	}
	return run_all(a, turns, some);
}

static int startall(const struct args *args)
{
	struct all a = { .args = args, .at_once = usage_host_cpus() };

	a.at_once = MAX(a.at_once, 2u);
	a.at_once = MIN(a.at_once, STARTING);
	return run(&a);
}

static int stopall(const struct args *args)
{
	struct all a = { .args = args, .stopping = true, .at_once = STOPPING };

	return run(&a);
}

static const struct option start_options[] = {
	{ "boot", OPTION_BOOL, .help = "the host has just booted: a lock of a backup is stale" },
	{ "force", OPTION_BOOL, .help = "also those without onboot" },
};

const struct command cmd_startall = {
	.name = "startall",
	.args = "",
	.help = "Start the containers that have onboot, in the order of startup",
	.needs_root = true,
	.options = start_options,
	.n_options = ARRAY_LEN(start_options),
	.run = startall,
};

static const struct option stop_options[] = {
	{ "force-stop", OPTION_BOOL, .help = "stop those whose time is over; 1 if not given" },
	{ "timeout", OPTION_INT, .min = 0, .max = 86400, .value = "<seconds>",
	  .help = "how long each may take that does not say; 180 if not given" },
};

const struct command cmd_stopall = {
	.name = "stopall",
	.args = "",
	.help = "Shut all containers down, in the order against that of startup",
	.needs_root = true,
	.options = stop_options,
	.n_options = ARRAY_LEN(stop_options),
	.run = stopall,
};
