/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interfaces, by rtnetlink. All of these: 0 or a negative errno, not said.
 */
#pragma once

#include <linux/if_link.h>
#include <netlink/route/link.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

/* Owned: auto_sock sock = NULL; of the network namespace the caller is in. */
int link_open(struct nl_sock **out);
void link_close(struct nl_sock **s);
#define auto_sock CLEANUP(link_close) struct nl_sock *

static inline void link_put(struct rtnl_link **l)
{
	if (*l)
		rtnl_link_put(*l);
}
#define auto_link CLEANUP(link_put) struct rtnl_link *

/* libnl's error as an errno. */
int link_errno(int nl);

/* -ENODEV: there is none. */
int link_get(struct nl_sock *s, const char *name, struct rtnl_link **out);
int link_get_index(struct nl_sock *s, int index, struct rtnl_link **out);
int link_index(struct nl_sock *s, const char *name); /* or a negative errno */
bool link_is(struct rtnl_link *l, const char *type);

/* One change each. */
int link_up(struct nl_sock *s, int index, bool up);
int link_mtu(struct nl_sock *s, int index, unsigned mtu);
int link_alias(struct nl_sock *s, int index, const char *alias);
int link_master(struct nl_sock *s, int index, int master); /* 0: none */

/* Not there is no failure. */
int link_delete(struct nl_sock *s, const char *name);

/* A pair: @host here, @name with @mac in the namespace @ns; both down. -EEXIST. */
int link_add_pair(struct nl_sock *s, const char *host, int ns, const char *name, const char *mac);

/* -EEXIST: something has that name. */
int link_add_bridge(struct nl_sock *s, const char *name, bool vlans);

/* Does a bridge look at VLAN tags? */
bool link_bridge_has_vlans(struct nl_sock *s, int index);

/*
 * A bridge's port: untagged is @untagged (0: nothing is), and which it has tagged, a bit each.
 * What it had before is taken away.
 */
int link_port_vlans(struct nl_sock *s, int index, unsigned untagged, const uint8_t tagged[512]);

/* No more than @rate bytes a second towards it; 0: as fast as can be. */
int link_rate(struct nl_sock *s, int index, uint64_t rate);

/* A message of our own making is sent and answered, and freed. */
struct nl_msg;
int link_talk(struct nl_sock *s, struct nl_msg *msg);

/* Write one of /proc/sys/net of this namespace, "ipv6/conf/eth0/disable_ipv6". */
int link_sysctl(const char *name, const char *value);
