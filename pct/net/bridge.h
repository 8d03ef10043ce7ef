/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A managed bridge itself, and what serves it. The parts say what is wrong.
 */
#pragma once

#include "pct/net/managed.h"
#include "pct/net/nic.h"

bool bridge_exists(const char *name);

/* Where the host has a way to, but the default one; malloc'ed. Not said. */
int bridge_routes(struct subnet **out, size_t *n);

/* The interface, its addresses, forwarding, then nat_up() and dns_up(). */
int bridge_up(const struct managed *m, const struct nic *wanted);
int bridge_down(const struct managed *m);

/* Its way out, and in for what it serves, through whatever rules others have. */
int nat_up(const struct managed *m);
void nat_down(const struct managed *m);

/*
 * A dnsmasq for it, with the names and addresses of its containers as their confs are now. @wanted,
 * unless NULL, is about to ask for an address by DHCP: see fixed.h.
 */
int dns_up(const struct managed *m, const struct nic *wanted);
void dns_down(const struct managed *m);

/* "up", "down", or that it is up without its dnsmasq, which it is to have. */
const char *network_status(const struct managed *m);
