/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The address a managed network gives an interface that asks by DHCP: one, chosen when it is first
 * needed, and kept for as long as a conf has that MAC address. So a firewall can name it.
 */
#pragma once

#include "pct/net/managed.h"
#include "pct/net/nic.h"
#include "pct/net/users.h"

struct fixed {
	struct fixed_one {
		char mac[MAC_TEXT];
		uint32_t address;
	} * list;
	size_t n;
};
void fixed_free(struct fixed *f);
#define auto_fixed CLEANUP(fixed_free) struct fixed

/* What is given by DHCP, as numbers for subnet_address(): the upper half; the rest is for others.
 */
void fixed_range(const struct subnet *net, uint32_t *first, uint32_t *last);

/* Those of the network @name; there are none: none. */
int fixed_load(const char *name, struct fixed *out);
const struct fixed_one *fixed_find(const struct fixed *f, const char *mac);

/* "10.1.2.200"; "": it has none. Without a lock: its file is replaced as a whole. */
void fixed_address(const struct managed *m, const char *mac, char out[SUBNET_TEXT]);

/*
 * With the network's lock: as they are to be, and on the disk. Those of MAC addresses nobody has
 * are free again. @wanted, unless NULL, has one afterwards, if there is one. @leases is dnsmasq's
 * file. Says errors.
 */
int fixed_look(const struct managed *m, const struct users *users, const struct nic *wanted,
	       const char *leases, struct fixed *out);

/* The network is removed. */
void fixed_forget(const char *name);
