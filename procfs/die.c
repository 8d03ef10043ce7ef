// SPDX-License-Identifier: LGPL-2.1-or-later
#include "procfs/die.h"

#ifdef PCT_DIE
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "procfs/open.h"
#include "procfs/serve.h"

/* Of one container alone: each of its requests, whoever had it before. */
static void die_of(const char *slot)
{
	const char *how = getenv("PCT_DIE_BY");

	if (strtoul(slot, NULL, 10) != at_of(slot_ino()).slot)
		return;
	if (how && strcmp(how, "hang") == 0)
		for (;;)
			(void)poll(NULL, 0, -1);
	raise(how && strcmp(how, "crash") == 0 ? SIGSEGV : SIGKILL);
}

void die_at(const char *place)
{
	static _Atomic unsigned passed;
	static const char *where, *slot;
	static unsigned every;

	if (!where) {
		const char *e = getenv("PCT_DIE_EVERY");

		every = e ? (unsigned)strtoul(e, NULL, 10) : 1;
		slot = getenv("PCT_DIE_OF");
		where = getenv("PCT_DIE_AT");
		where = where ? where : "";
	}
	if (slot && strcmp(where, place) == 0)
		die_of(slot);
	else if (every && !slot_is_left() && strcmp(where, place) == 0 && ++passed % every == 0)
		raise(SIGKILL);
}
#endif
