// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/fall.h"

#include "procfs/daemon.h"

static struct slots *heard[N_MOUNTS];
static _Thread_local struct slot *volatile at;

static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

/* Did this thread do that itself? Else somebody sent it, and no request is to blame. */
static bool is_own(const siginfo_t *i)
{
	return i->si_code > 0 || (i->si_code == SI_TKILL && i->si_pid == getpid());
}

static void fall(int sig, siginfo_t *info, void *context)
{
	(void)context;
	for (int i = 0; i < N_MOUNTS; i++)
		if (heard[i])
			slots_fell(heard[i], is_own(info) ? at : NULL);
	/* Once more, and now it is the end: where it was ours it would have come by itself. */
	(void)raise(sig);
}

void fall_hear(struct slots *s)
{
	struct sigaction act = { .sa_sigaction = fall, .sa_flags = SA_SIGINFO | SA_RESETHAND };
	size_t i = 0;

	while (i < N_MOUNTS - 1 && heard[i] && heard[i] != s)
		i++;
	heard[i] = s;
#ifndef PCT_SAN /* sanitizers tell of crashes, by handlers of their own */
	for (i = 0; i < ARRAY_LEN(crashes); i++)
		sigaction(crashes[i], &act, NULL);
#else
	(void)act;
	(void)crashes;
#endif
}

void fall_except(sigset_t *blocked)
{
	for (size_t i = 0; i < ARRAY_LEN(crashes); i++)
		sigdelset(blocked, crashes[i]);
}

void fall_at(struct slot *t)
{
	at = t;
}
