// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pct wait: return when a container runs, or has stopped. Its monitor's end is an event of its
 * own; whoever starts one closes its lock afterwards, which the kernel tells of.
 */
#include <limits.h>
#include <poll.h>
#include <sys/inotify.h>
#include <time.h>

#include "pct/cli/args.h"
#include "pct/conf/store.h"
#include "pct/ct/end.h"
#include "pct/ct/lxc.h"
#include "pct/paths.h"

static int too_long(const struct args *a, const char *state)
{
	return refuse(-ETIMEDOUT, "CT %u is not %s after %s s", a->vmid, state,
		      args_value(a, "timeout"));
}

static int wait_stopped(const struct args *a, int seconds)
{
	auto_running c = RUNNING_NONE;
	int r = ct_find(a->vmid, &c);

	if (r == -ESRCH)
		return 0;
	r = r < 0 ? r : ct_await_end(&c, seconds);
	if (r == -ETIMEDOUT)
		return too_long(a, "stopped");
	return r < 0 ? fail(r, "wait for the end of CT %u", a->vmid) : 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* Any news of the lock's folder, until @end; 0: for ever. */
static int await_news(int news, int64_t end)
{
	char events[sizeof(struct inotify_event) + NAME_MAX + 1];
	struct pollfd p = { .fd = news, .events = POLLIN };
	int64_t left = end ? end - now_ms() : -1;
	int r;

	if (end && left <= 0)
		return -ETIMEDOUT;
	r = poll(&p, 1, (int)MIN(left, (int64_t)INT_MAX));
	if (r < 0 && errno != EINTR)
		return -errno;
	if (r > 0 && read(news, events, sizeof(events)) < 0)
		return -errno;
	return 0;
}

static int wait_running(const struct args *a, int seconds)
{
	auto_free char *folder = path_to("run/pct/lock");
	auto_fd news = inotify_init1(IN_CLOEXEC);
	int64_t end = seconds < 0 ? 0 : now_ms() + seconds * 1000ll;
	int r = paths_make(folder, 0755);

	if (r < 0)
		return r;
	if (news < 0 || inotify_add_watch(news, folder, IN_CLOSE_WRITE) < 0)
		return fail(-errno, "watch '%s'", folder);
	while (!ct_running(a->vmid)) {
		if (!conf_exists(a->vmid))
			return refuse(-ENOENT, "CT %u was destroyed meanwhile", a->vmid);
		r = await_news(news, end);
		if (r == -ETIMEDOUT)
			return too_long(a, "running");
		if (r < 0)
			return fail(r, "watch '%s'", folder);
	}
	return 0;
}

static int run(const struct args *a)
{
	const char *state = args_value(a, "state");
	const char *timeout = args_value(a, "timeout");
	int seconds = timeout ? atoi(timeout) : -1;

	if (!conf_exists(a->vmid))
		return refuse(-ENOENT, "CT %u does not exist; 'pct list' shows those that do",
			      a->vmid);
	return state && strcmp(state, "running") == 0 ? wait_running(a, seconds)
						      : wait_stopped(a, seconds);
}

static const char *const states[] = { "running", "stopped", NULL };

static const struct option options[] = {
	{ "state", OPTION_WORD, .words = states, .help = "what to wait for; stopped if not given" },
	{ "timeout", OPTION_INT, .min = 0, .max = 86400 * 365, .value = "<seconds>",
	  .help = "how long; for ever if not given" },
};

const struct command cmd_wait = {
	.name = "wait",
	.args = "<vmid>",
	.help = "Wait until a container has stopped, or runs",
	.min_args = 1,
	.max_args = 1,
	.vmid = true,
	.needs_root = true,
	.options = options,
	.n_options = ARRAY_LEN(options),
	.run = run,
};
