/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container may send, as rules at the host's end of its interface: a table of nftables for
 * each, family netdev, named as that end. It is there before the first packet, and sees it before
 * the bridge does.
 */
#pragma once

#include <stdio.h>

#include "pct/net/nic.h"

/*
 * Addresses that are the host's own on the bridge, which nobody else may have; each kind's joined
 * by ", ", malloc'ed; NULL: none. And the one that its DHCP server gives the container; "": not
 * known.
 */
struct hosts {
	char *ip[IP_KINDS];
	char given[IP_TEXT];
};
void hosts_free(struct hosts *h);

/* The whole text for nft. Pure. */
int firewall_write(const struct nic *n, const struct hosts *hosts, FILE *out);

/* What a new /etc/pct/firewall/<vmid>.nft is. */
extern const char firewall_rules[];

/* Its rules as of now; it needs none: none. @n has its MAC address. Says errors. */
int firewall_load(const struct nic *n, const struct hosts *hosts);

/* Of an interface that is gone, or goes. */
int firewall_unload(unsigned vmid, unsigned number);

/* The file with the rules that a user may edit, too: the container is destroyed. */
void firewall_forget(unsigned vmid);
