// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>
#include <stddef.h>

#include "pct/interrupt.h"

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

void interrupt_catch(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
}

bool interrupted(void)
{
	return caught != 0;
}
