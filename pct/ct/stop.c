// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pct/ct/stop.h"
#include "base/say.h"
#include "pct/ct/end.h"
#include "pct/ct/hookscript.h"
#include "pct/ct/host.h"
#include "pct/ct/lxc.h"
#include "pct/net/net.h"

/* What it, or a monitor that was killed, leaves on the host. */
static void clean(unsigned vmid)
{
	cgroups_clean(vmid);
	net_clean(vmid);
}

int check_locked(unsigned vmid, const struct config *c, const char *why)
{
	const char *lock = config_get(c, "lock");

	return lock && strcmp(lock, "mounted") == 0 ? 0 : conf_check_lock(vmid, c, why);
}

/* What rebooted from inside just now runs no more than what is stopped, and does not come back. */
static int find(unsigned vmid, const struct lock *lock, struct running *out)
{
	int r = ct_find(vmid, out);

	if (r == -ESRCH) {
		lock_set_stopped(lock, true);
		clean(vmid);
		refuse(r, "CT %u does not run", vmid);
	}
	return r;
}

/* The flag comes last: who is killed before has stopped nothing for good. */
static int kill_container(unsigned vmid, const struct lock *lock, const struct running *c)
{
	int r = ct_kill(vmid, c);

	if (r < 0)
		return r;
	lock_set_stopped(lock, true);
	clean(vmid);
	return 0;
}

int stop_container(unsigned vmid, bool skiplock)
{
	CLEANUP(config_free) struct config c = { 0 };
	auto_running running = RUNNING_NONE;
	auto_lock lock = LOCK_NONE;
	int r = lock_take(vmid, 10, &lock);

	if (r == 0)
		r = conf_load(vmid, &c);
	if (r == 0 && !skiplock)
		r = check_locked(vmid, &c, "stop");
	if (r == 0)
		r = find(vmid, &lock, &running);
	if (r < 0)
		return r;
	(void)hookscript_run(vmid, &c, "pre-stop");
	return kill_container(vmid, &lock, &running);
}

static int begin(unsigned vmid, unsigned how, struct lock *lock, struct running *running)
{
	CLEANUP(config_free) struct config c = { 0 };
	int r = lock_take(vmid, 10, lock);

	if (r == 0)
		r = conf_load(vmid, &c);
	if (r == 0 && !(how & SHUTDOWN_SKIPLOCK))
		r = conf_check_lock(vmid, &c, how & SHUTDOWN_AGAIN ? "reboot" : "shut down");
	if (r == 0)
		r = find(vmid, lock, running);
	if (r == 0)
		r = lock_await_end(lock);
	if (r < 0)
		return r;
	(void)hookscript_run(vmid, &c, "pre-stop");
	/* Without an init it is about to end. */
	return running->init < 0 ? 0 : ct_halt(vmid, running);
}

/* Its time is over, and the lock is ours again. */
static int too_late(unsigned vmid, int seconds, unsigned how, struct lock *lock,
		    const struct running *c)
{
	if (how & SHUTDOWN_FORCE)
		return kill_container(vmid, lock, c);
	return refuse(-ETIMEDOUT, "CT %u did not shut down in %d s; 'pct stop %u' ends it at once",
		      vmid, seconds, vmid);
}

int shutdown_container(unsigned vmid, int seconds, unsigned how, struct lock *lock)
{
	auto_running c = RUNNING_NONE;
	int r = begin(vmid, how, lock, &c), late;

	if (r < 0)
		return r;
	lock_leave(lock);
	late = ct_await_end(&c, seconds);
	if (late == 0 && how & SHUTDOWN_AGAIN)
		return 0;
	r = lock_again(lock, 10);
	if (r == -ENOENT || r == -ESTALE)
		return how & SHUTDOWN_AGAIN ? refuse(r, "CT %u was destroyed meanwhile", vmid) : 0;
	if (r == 0 && late == -ETIMEDOUT)
		late = ct_await_end(&c, 0);
	if (r == 0 && late == -ETIMEDOUT)
		r = too_late(vmid, seconds, how, lock, &c);
	else if (r == 0 && late < 0)
		r = fail(late, "wait for the end of CT %u", vmid);
	if (r < 0)
		return r;
	/* Somebody may have started it since. */
	if (!ct_running(vmid)) {
		lock_set_stopped(lock, !(how & SHUTDOWN_AGAIN));
		clean(vmid);
	}
	if (how & SHUTDOWN_AGAIN)
		lock_leave(lock);
	return 0;
}
