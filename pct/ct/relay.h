/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our own terminal, and one in a container: what is typed goes there, what is printed comes from
 * there, also the window's size; and signals go to the command.
 */
#pragma once

#include <sys/types.h>

#include "pct/ct/attach.h"

#define RELAY_NO_ESCAPE (-1)

struct relay {
	int master;  /* the other end of its terminal, read without waiting; < 0: it has none */
	pid_t child; /* leader of a session of its own; 0: none */
	int escape;  /* this byte, then "q" is: leave it; or RELAY_NO_ESCAPE */
};

enum relay_end { RELAY_EXITED, RELAY_HUNG_UP, RELAY_LEFT, RELAY_KILLED };

/* Are stdin and stdout a terminal, and what is it like? */
bool relay_terminal(struct ct_terminal *out);

/*
 * Until the command ends (its status in @status), the terminal there is gone, the user leaves, or
 * a signal ended us (its number in @status). Our terminal is then as it was.
 */
enum relay_end relay_run(const struct relay *r, int *status);
