/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the value of a netN asks for. Pure.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define NIC_COUNT 32
#define MAC_TEXT  18
#define IP_TEXT	  64

enum { IPV4, IPV6, IP_KINDS };

struct nic {
	unsigned vmid, number;
	char host[IFNAMSIZ];	    /* the host's end of it */
	char name[IFNAMSIZ];	    /* the container's */
	char bridge[IFNAMSIZ];	    /* "": on none */
	char mac[MAC_TEXT];	    /* "": not given */
	char ip[IP_KINDS][IP_TEXT]; /* "192.0.2.7/24", "dhcp", "auto", "manual"; "": not given */
	char gw[IP_KINDS][IP_TEXT]; /* likewise an address alone */
	unsigned mtu;		    /* 0: the bridge's */
	unsigned tag;		    /* 0: none */
	uint8_t trunks[4096 / 8];   /* a bit for every VLAN it may use tagged */
	bool trunked;		    /* is any of them set? */
	uint64_t rate;		    /* bytes/s; 0: as fast as can be */
	bool firewall, down;
};

/* The net<number> of a container; lenient as files are, but -EINVAL without a usable name. */
int nic_parse(unsigned vmid, unsigned number, const char *value, struct nic *out);

/* "192.0.2.7/24" rather than one of the words? */
bool nic_static(const struct nic *n, int kind);

/* Where the two differ only in what can be changed under a running container. */
bool nic_same_device(const struct nic *a, const struct nic *b);
bool nic_same_vlans(const struct nic *a, const struct nic *b);

/*
 * The host's end: "veth100i0"; with a $PCT_ROOT, or if that is too long, "pct<hash>i0", so that
 * two roots with the same VMIDs do not meet.
 */
void nic_host_name(const char *root, unsigned vmid, unsigned number, char out[IFNAMSIZ]);

/* Whose it is, for `ip -d link`, and so that nobody else's is ever removed for its name. */
#define NIC_ALIAS 64
void nic_alias(const char *root, unsigned vmid, unsigned number, char out[NIC_ALIAS]);

/* The same for the container's end: what it is to be there, "net0 ip=dhcp ip6=manual". */
void nic_inside_alias(const struct nic *n, char out[256]);

/* A MAC address nobody has: BC:24:11, then chance. */
void mac_make(char out[MAC_TEXT]);

/*
 * The column of keys[]: @value with the MAC address it was not given: @was's, the value before,
 * which may be NULL, else a new one. malloc'ed; NULL: memory is out.
 */
char *nic_complete(const char *was, const char *value);
