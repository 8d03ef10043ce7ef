/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's end of a container's interface: on its bridge, with its VLANs, rules and rate. All of
 * these say what is wrong.
 */
#pragma once

#include <sys/types.h>

#include "pct/conf/config.h"
#include "pct/net/link.h"
#include "pct/net/nic.h"

/* Before anything is done: is there its bridge, and can that do what is asked? */
int nic_check(struct nl_sock *s, const struct nic *n);

/*
 * What it is to have that is another's: the bridge's own address is refused, a container's and a
 * gateway without an address warned of.
 */
int nic_clash(struct nl_sock *s, const struct nic *n);

/*
 * Make the host's end as @n says, from whatever it is now: before the container can send, and
 * while it runs. @was, unless NULL, is what it was made as, so that VLANs stay if they are the
 * same. Rules come first, then the bridge.
 */
int nic_connect(struct nl_sock *s, const struct nic *n, const struct nic *was);

/* Its bridge was made anew: those of running containers that were on the old one are on it again.
 */
void nic_reconnect(const char *bridge);

/* A new pair, its end in the network namespace of @init down as yet; and all that nic_connect()
 * does. */
int nic_plug(struct nl_sock *s, const struct nic *n, int ns);

/* The pair, and the rules. Not there is no failure; what is not ours is left alone, and said. */
int nic_unplug(struct nl_sock *s, unsigned vmid, unsigned number);

/* Of the container's end: its own, else the bridge's. */
unsigned nic_mtu(struct nl_sock *s, const struct nic *n);
