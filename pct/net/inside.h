/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The container's end of an interface, in its own network namespace, by a child that has entered
 * it. Its root may have renamed it, and given it what it likes.
 */
#pragma once

#include <sys/types.h>

#include "pct/net/nic.h"

/* The network namespace of a process. */
int inside_ns(pid_t init, int *out);

/*
 * Of the interface with that index there: its alias, its MTU; the addresses and gateways of @n, and
 * not those of @was that @n has no more. @was NULL: it is new, and is brought up. Says errors; what
 * was done until then stays.
 */
int inside_set(int ns, int index, const struct nic *n, const struct nic *was, unsigned mtu);
